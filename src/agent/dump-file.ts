// One file of a dump: written while it is counted, packed and measured; then read back whole. Room: agent (door).
import { createHash } from 'node:crypto';
import { pipeline, type Transform } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import { createDumpCounter, type DumpCounts } from '../lib/dump-counter.ts';
import type { DumpFile } from '../lib/dump-manifest.ts';
import { type PlannedFile, READ_ARCHIVE } from '../lib/dump-plan.ts';
import type { DumpClient } from './dump-client.ts';
import type { DumpStore } from './dump-store.ts';

export interface WrittenFile {
  readonly file: DumpFile;
  readonly counts: DumpCounts;
}

/** @param folder of the dump. Throws where the file is not what it should be in all that can be told. */
export async function makeFile(
  client: DumpClient,
  store: DumpStore,
  folder: string,
  planned: PlannedFile,
): Promise<WrittenFile> {
  const { words, env, ending: _ending, ...described } = planned;
  const path = `${folder}/${planned.path}`;
  const written = measure();
  const counter = createDumpCounter();
  const dumped = client.run({ words, env });
  const isArchive = planned.format === 'custom';
  const packed = isArchive
    ? dumped
    : through(complete(tap(dumped, counter.push), planned, counter.finish), createGzip());
  await store.write(path, tap(packed, written.push));
  const counts = await verify(client, store, path, planned, written.finish());
  if (!isArchive) assertSame(path, counts, counter.finish());
  const { tables, rows } = counts;
  return { file: { ...described, ...written.finish(), tables, rows }, counts };
}

/** All of it, out of the store, as a restore will read it. */
async function verify(
  client: DumpClient,
  store: DumpStore,
  path: string,
  planned: PlannedFile,
  expected: Measured,
): Promise<DumpCounts> {
  const measured = measure();
  const counter = createDumpCounter();
  const stored = tap(store.read(path), measured.push);
  const isArchive = planned.format === 'custom';
  const sql = isArchive ? client.run({ words: READ_ARCHIVE, input: stored }) : through(stored, createGunzip());
  for await (const _chunk of complete(tap(sql, counter.push), planned, counter.finish)) {
    // Counted on its way.
  }
  const found = measured.finish();
  if (found.sha256 !== expected.sha256) {
    throw new Error(
      `${path} was written with ${expected.bytes} bytes (sha256 ${expected.sha256}), and the store gives back ${found.bytes} (${found.sha256})`,
    );
  }
  return counter.finish();
}

function assertSame(path: string, stored: DumpCounts, made: DumpCounts): void {
  if (stored.tables === made.tables && stored.rows === made.rows) return;
  throw new Error(
    `${path} was made of ${made.tables} tables with ${made.rows} rows, and the store gives back ${stored.tables} with ${stored.rows}`,
  );
}

/** Throws at the end of SQL that lacks the tool's last words: better than to take what came for all. */
async function* complete(
  source: AsyncIterable<Buffer>,
  { path, words, ending }: PlannedFile,
  count: () => DumpCounts,
): AsyncGenerator<Buffer> {
  yield* source;
  if (count().ending === ending) return;
  throw new Error(`${path} is torn: it lacks the last words of ${words[0]}, "${ending} dump complete"`);
}

async function* tap(source: AsyncIterable<Buffer>, look: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    look(chunk);
    yield chunk;
  }
}

/** What goes wrong before it is thrown behind it, and who stops reading behind it stops what is before it. */
function through(source: AsyncIterable<Buffer>, transform: Transform): AsyncIterable<Buffer> {
  pipeline(source, transform, () => undefined);
  return transform;
}

interface Measured {
  readonly bytes: number;
  readonly sha256: string;
}

function measure(): { readonly push: (chunk: Buffer) => void; readonly finish: () => Measured } {
  const hash = createHash('sha256');
  let bytes = 0;
  return {
    push: (chunk) => {
      hash.update(chunk);
      bytes += chunk.length;
    },
    finish: () => ({ bytes, sha256: hash.copy().digest('hex') }),
  };
}
