// A lock file with its holder's pid and start time: a holder that died leaves nothing that needs a person.
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from './context.ts';
import { isAlive, type ProcessId, startTimeOf } from './process.ts';

export async function withLock<Result>(
  context: Context,
  path: string,
  what: string,
  work: () => Promise<Result>,
): Promise<Result> {
  mkdirSync(dirname(path), { recursive: true });
  await acquire(context, path, what);
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

async function acquire(context: Context, path: string, what: string): Promise<void> {
  for (let attempt = 0; !tryAcquire(path); attempt++) {
    const holder = readHolder(path);
    if (holder && !isAlive(holder)) {
      // Taken over under a name of its own, so that two waiters cannot each remove the other's fresh lock.
      if (tryAcquire(`${path}.takeover`)) {
        const stillDead = readHolder(path);
        if (stillDead && !isAlive(stillDead)) rmSync(path, { force: true });
        rmSync(`${path}.takeover`, { force: true });
      } else if (isDead(`${path}.takeover`)) rmSync(`${path}.takeover`, { force: true });
      continue;
    }
    if (attempt % 50 === 0) context.log(`waiting: process ${holder?.pid ?? '?'} is busy with ${what}`);
    await sleep(200, undefined, { signal: context.signal });
  }
}

function isDead(path: string): boolean {
  const holder = readHolder(path);
  return holder !== undefined && !isAlive(holder);
}

/** A link and not an exclusive open: the file is complete the moment it exists. */
function tryAcquire(path: string): boolean {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, JSON.stringify({ pid: process.pid, startTime: startTimeOf(process.pid) } satisfies ProcessId));
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

function readHolder(path: string): ProcessId | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined; // released in between
  }
}
