// The copy of a drill: Postgres of the workload's own image, in the container beside this one. Room: agent (door).
import { constants } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DRILL_DIR } from '../api/names.ts';
import { type ControlData, parseControlData } from '../lib/drill/control-data.ts';
import { createRecoveryLog, type RecoveryLog, readEndOfHistory, readLogLine } from '../lib/drill/log.ts';
import { buildCopyFiles, buildCopyWords, type CopyTerms } from '../lib/drill/server.ts';
import type { Connection } from '../tools/connection.ts';
import { type Promoted, queryPromoted } from '../tools/copy-queries.ts';
import { isMissing } from './data-directory.ts';
import type { DumpClient } from './dump-client.ts';
import { readPlainFile } from './plain-file.ts';

const LOG = 'server.log';
const ENDED = 'server.ended';

/**
 * In the background, so that the container goes on to run what it is asked to; how it ended is written down. Without the pipes, which
 * whoever reads them would wait for.
 */
const START = `( "$@" >${LOG} 2>&1 </dev/null; echo $? >${ENDED} ) >/dev/null 2>&1 &`;

export interface Copy {
  /** Waits until it takes writes. Throws what it says itself where it ends before. */
  readonly untilPromoted: (onRedo: () => void) => Promise<Promoted & { readonly log: RecoveryLog }>;
  /** By itself, with a last checkpoint. */
  readonly stop: () => Promise<void>;
}

/** What a tool of the image prints. */
export async function runTool(client: DumpClient, words: readonly string[]): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of client.run({ words })) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** SHA-256 of the image's server program; undefined where the image has nothing to tell it by. */
export async function digestServer(client: DumpClient): Promise<string | undefined> {
  const said = await runTool(client, ['sh', '-c', 'sha256sum <"$(command -v postgres)"']).catch(() => '');
  return /^[0-9a-f]{64}/.exec(said)?.[0];
}

export async function readControlData(client: DumpClient, pgdata: string): Promise<ControlData> {
  return parseControlData(await runTool(client, ['pg_controldata', '-D', pgdata]));
}

/** @returns the copy, and the words that it was started with */
export async function startCopy(
  client: DumpClient,
  connection: Connection,
  terms: CopyTerms,
  signal: AbortSignal,
): Promise<{ readonly copy: Copy; readonly words: readonly string[] }> {
  for (const [name, text] of Object.entries(buildCopyFiles(terms)))
    await writeFile(join(DRILL_DIR, name), text, { mode: 0o600, flag: 'wx' });
  const words = buildCopyWords(terms);
  await runTool(client, ['sh', '-c', START, 'sh', ...words]);
  const log = createRecoveryLog();
  const follow = followLines(join(DRILL_DIR, LOG), (line) => readLogLine(log, line));
  const untilPromoted = async (onRedo: () => void) => {
    for (let hasBegun = false; ; ) {
      signal.throwIfAborted();
      await follow();
      if (log.hasRedoStarted && !hasBegun) onRedo();
      hasBegun = log.hasRedoStarted;
      const promoted = await queryPromoted(connection).catch(() => undefined);
      if (promoted) {
        await follow();
        return { ...promoted, log };
      }
      const code = await readEnd();
      if (code !== undefined) {
        await follow();
        throw new Error(explainEnd(code, log));
      }
      await sleep(POLL_MS, undefined, { signal });
    }
  };
  return { copy: { untilPromoted, stop: () => stopServer(client, terms.pgdata, signal) }, words };
}

const POLL_MS = 50;
const STOP_TIMEOUT_MS = 300_000;

async function stopServer(client: DumpClient, pgdata: string, signal: AbortSignal): Promise<void> {
  if ((await readEnd()) !== undefined) return;
  await runTool(client, ['sh', '-c', 'kill -INT "$(head -n 1 "$1")"', 'sh', `${pgdata}/postmaster.pid`]);
  const deadline = performance.now() + STOP_TIMEOUT_MS;
  while ((await readEnd()) === undefined) {
    if (performance.now() > deadline) throw new Error(`the copy did not stop within ${STOP_TIMEOUT_MS / 1000} s`);
    await sleep(POLL_MS, undefined, { signal });
  }
}

/** Exit code of the server; undefined while it runs. */
async function readEnd(): Promise<number | undefined> {
  const text = await readPlainFile(join(DRILL_DIR, ENDED)).catch((error) => {
    if (isMissing(error)) return '';
    throw error;
  });
  // An empty file is about to be written.
  return text.toString().trim() === '' ? undefined : Number(text.toString());
}

function explainEnd(code: number, { errors, damage }: RecoveryLog): string {
  const said = [...(damage === undefined ? [] : [damage]), ...errors].join(' | ');
  return `Postgres ended with code ${code} before its recovery was over: ${said || 'it said nothing'}`;
}

/** Where the copy left the timeline that it replayed; undefined where it made none. */
export async function readReachedEnd(pgdata: string, timeline: number | undefined): Promise<string | undefined> {
  if (timeline === undefined) return undefined;
  const name = timeline.toString(16).toUpperCase().padStart(8, '0');
  return readEndOfHistory((await readPlainFile(join(pgdata, 'pg_wal', `${name}.history`))).toString('utf8'));
}

const CHUNK_BYTES = 256 * 1024;

/** @returns reads what is new each time. No link is followed: the file is the other container's. */
function followLines(path: string, onLine: (line: string) => void): () => Promise<void> {
  let position = 0;
  let rest = '';
  return async () => {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW).catch((error) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (!file) return;
    try {
      for (;;) {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, position);
        if (bytesRead === 0) return;
        position += bytesRead;
        const lines = (rest + buffer.toString('utf8', 0, bytesRead)).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) onLine(line);
      }
    } finally {
      await file.close();
    }
  };
}
