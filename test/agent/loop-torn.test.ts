// What keeps a segment from being archived, by an engine that is a script: the object is the file `stored`, what the engine
// decodes of it `decoded`, and how that ends `code`.
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Sidecar } from '../../src/agent/loop.ts';
import { tornLoop } from '../../src/agent/loop-torn.ts';
import { makeScriptedEngine } from '../support/engines.ts';
import { makeTempDir } from '../support/temp.ts';

const SEGMENT = '000000010000000000000007';
const LOCAL = 'the whole segment';
const FAILING = { lastFailedWal: SEGMENT, lastFailedTime: '2026-11-21T10:00:10Z' };

const ENGINE = `
echo "$2" >> "$WALG_STORE/calls"
case "$2$4" in
  ls) printf 'type\\tsize\\tlast modified\\tname\\nobj\\t%s\\tnow\\t.lz4\\n' "$(wc -c < "$WALG_STORE/stored")" ;;
  cat) cat "$WALG_STORE/stored" ;;
  cat--decrypt) cat "$WALG_STORE/decoded"; exit "$(cat "$WALG_STORE/code")" ;;
esac`;

interface Stored {
  readonly decoded: string;
  readonly code?: number;
}

async function setUp(context: TestContext) {
  const [store, pgdata] = [await makeTempDir(context), await makeTempDir(context)];
  await mkdir(join(pgdata, 'pg_wal'));
  await writeFile(join(pgdata, 'pg_wal', SEGMENT), LOCAL);
  const engine = {
    ...(await makeScriptedEngine(await makeTempDir(context), ENGINE)),
    listWalFileArgs: () => ['st', 'ls'],
  };
  const log = { warn: () => undefined, error: () => undefined };
  const state: Record<string, unknown> = {
    clearance: { prefix: 's3://backups/x' },
    credentials: {},
    observed: { archiver: FAILING },
  };
  const env = { PATH: process.env.PATH, WALG_STORE: store };
  const sidecar = { context: { engine, pgdata, log, env }, state } as unknown as Sidecar;
  return {
    state: sidecar.state,
    put: async ({ decoded, code = 1 }: Stored) => {
      for (const [name, text] of Object.entries({ stored: 'packed', decoded, code: String(code) }))
        await writeFile(join(store, name), text);
    },
    tick: () => tornLoop.tick(sidecar),
    calls: async () => (await readFile(join(store, 'calls'), 'utf8')).trim().split('\n'),
  };
}

test('what looks cut off is removed at the second look that ends at the same byte, not before', async (context) => {
  const { put, tick, calls } = await setUp(context);
  for (const decoded of ['the wh', 'the', 'the wh']) {
    await put({ decoded });
    await tick();
  }
  assert.equal((await calls()).includes('rm'), false);
  await tick();
  assert.deepEqual((await calls()).slice(-4), ['ls', 'cat', 'cat', 'rm']);
});

test('looks that are not in a row do not count: archiving went on between them, or the store could not be read', async (context) => {
  const { put, tick, calls, state } = await setUp(context);
  await put({ decoded: 'the wh' });
  await tick();
  const { observed } = state;
  state.observed = undefined;
  await tick();
  state.observed = observed;
  await tick();
  await put({ decoded: 'the wh', code: 137 });
  await tick();
  await put({ decoded: 'the wh' });
  await tick();
  assert.equal((await calls()).includes('rm'), false);
});

const TOLD: readonly (readonly [name: string, stored: Stored, message: RegExp])[] = [
  ['another history', { decoded: 'the whole Segment', code: 0 }, /another history is stored under its name/],
  ['another history that breaks off', { decoded: 'tho' }, /another history is stored under its name/],
  ['what cannot be decoded', { decoded: '' }, /cannot be decrypted or decompressed/],
];

for (const [name, stored, message] of TOLD) {
  test(`${name} is told, never removed, and not fetched again and again`, async (context) => {
    const { put, tick, calls, state } = await setUp(context);
    await put(stored);
    for (let ticks = 0; ticks < 4; ticks++) await tick();
    assert.match(state.stuck?.message ?? '', message);
    assert.deepEqual(await calls(), ['ls', 'cat', 'cat']);
    state.observed = undefined;
    await tick();
    assert.equal(state.stuck, undefined);
  });
}
