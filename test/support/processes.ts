// Whether processes live. A zombie does not: it is over, and only its parent has not asked yet.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export function isAlive(pid: number): boolean {
  assert.ok(pid > 1, `${pid} is no process of a test`);
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = `/proc/${pid}/stat`;
  return !(existsSync(stat) && /^\d+ \(.*\) Z/s.test(readFileSync(stat, 'utf8')));
}

/** Waits until it holds, a few seconds at most unless told otherwise; says what was waited for when it never does. */
export async function until(what: string, holds: () => boolean, timeoutMs = 3000): Promise<void> {
  for (let tries = 0; tries < timeoutMs / 10; tries++) {
    if (holds()) return;
    await sleep(10);
  }
  assert.ok(holds(), `waited in vain: ${what}`);
}
