// What makes a file of a dump a bad one, with a client and a store that are made up.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { DumpClient } from '../../src/agent/dump-client.ts';
import { makeFile } from '../../src/agent/dump-file.ts';
import type { DumpStore } from '../../src/agent/dump-store.ts';
import { type PlannedFile, planFiles } from '../../src/lib/dump-plan.ts';

const SQL = 'COPY public.t (a) FROM stdin;\n1\n2\n\\.\n\n--\n-- PostgreSQL database cluster dump complete\n--\n\n';
const [PLANNED] = planFiles({ tool: 'pg_dumpall', format: 'gzip' }, []) as [PlannedFile];
const ARCHIVE = planFiles({ tool: 'pg_dump', format: 'custom' }, ['shop'])[1] as PlannedFile;

/** The tool writes the text, or fails after it. */
function clientOf(text: string, failure?: Error): DumpClient {
  return {
    run: async function* () {
      yield Buffer.from(text);
      if (failure) throw failure;
    },
    close: () => undefined,
  };
}

interface FakeStore extends DumpStore {
  readonly objects: Map<string, Buffer>;
}

/** @param change between writing and reading */
function makeStore(change: (bytes: Buffer) => Buffer = (bytes) => bytes): FakeStore {
  const objects = new Map<string, Buffer>();
  return {
    objects,
    write: async (path, source) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of source) chunks.push(chunk);
      objects.set(path, Buffer.concat(chunks));
    },
    read: async function* (path) {
      yield change(objects.get(path) ?? assert.fail(path));
    },
    readNewest: async () => undefined,
    removeExpired: async () => ({ kept: 0, removed: 0 }),
  };
}

test('a good one is stored packed, and told with what is in it', async () => {
  const store = makeStore();
  const { file, counts } = await makeFile(clientOf(SQL), store, 'dump', PLANNED);
  assert.deepEqual([file.path, file.kind, file.tables, file.rows], ['cluster.sql.gz', 'cluster', 1, 2]);
  assert.equal(counts.ending, 'cluster');
  const bytes = store.objects.get('dump/cluster.sql.gz') ?? assert.fail();
  assert.equal(gunzipSync(bytes).toString('utf8'), SQL);
  assert.equal(file.bytes, bytes.length);
  assert.match(file.sha256, /^[0-9a-f]{64}$/);
});

test('a tool that fails, or leaves out its last words, leaves nothing in the store', async () => {
  for (const [client, pattern] of [
    [clientOf(SQL, new Error('pg_dumpall ended with code 1: no')), /ended with code 1/],
    [clientOf(SQL.slice(0, 40)), /torn: it lacks the last words of pg_dumpall/],
    [clientOf(''), /torn/],
    [clientOf(SQL.replace('cluster ', '')), /torn/],
  ] as const) {
    const store = makeStore();
    await assert.rejects(makeFile(client, store, 'dump', PLANNED), pattern);
    assert.deepEqual([...store.objects.keys()], []);
  }
});

test('what the store gives back is read whole, and compared', async () => {
  for (const change of [
    (bytes: Buffer) => bytes.subarray(0, -20),
    (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('x')]),
    () => Buffer.alloc(0),
    (bytes: Buffer) => Buffer.from(bytes.map((byte, index) => (index === 30 ? byte ^ 1 : byte))),
  ]) {
    await assert.rejects(makeFile(clientOf(SQL), makeStore(change), 'dump', PLANNED));
  }
});

test('an archive is read by pg_restore, which tells what is in it', async () => {
  const calls: string[] = [];
  const client: DumpClient = {
    run: async function* ({ words, input }) {
      calls.push(words.join(' '));
      if (!input) yield Buffer.from('archive');
      else {
        for await (const chunk of input) assert.equal(Buffer.from(chunk).toString(), 'archive');
        yield Buffer.from(SQL.replace('cluster ', ''));
      }
    },
    close: () => undefined,
  };
  const { file } = await makeFile(client, makeStore(), 'dump', ARCHIVE);
  assert.deepEqual([file.bytes, file.rows, file.database], [7, 2, 'shop']);
  assert.deepEqual(calls[1], 'pg_restore --format=custom --file=-');
});
