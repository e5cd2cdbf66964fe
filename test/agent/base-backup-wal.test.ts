// When a base backup counts, by an engine that is a script, whose store holds the backup and a segment of the name that it needs.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { waitForWal } from '../../src/agent/base-backup-wal.ts';
import type { Client } from '../../src/tools/connection.ts';
import { makeScriptedEngine } from '../support/engines.ts';
import { makeTempDir } from '../support/temp.ts';

const SEGMENT = '000000010000000000000005';
const NAME = `base_${SEGMENT}`;

const ENGINE = `
row() { printf 'obj\\t10\\t2026-11-21T10:00:00Z\\t%s\\n' "$1"; }
if [ "$2" = ls ]; then
  printf 'type\\tsize\\tlast modified\\tname\\n'
  row basebackups_005/${NAME}/tar_partitions/part_001.tar.lz4
  row basebackups_005/${NAME}_backup_stop_sentinel.json
  row wal_005/${SEGMENT}.lz4
else
  echo '{"LSN":83886120,"FinishLSN":83886400,"StartTime":"2026-11-21T09:59:00Z","FinishTime":"2026-11-21T10:00:00Z","CompressedSize":10,"UncompressedSize":10}'
fi`;

async function wait(context: TestContext, primary: object | undefined, ms: number) {
  const engine = await makeScriptedEngine(await makeTempDir(context), ENGINE);
  const shelf = { engine, env: { PATH: process.env.PATH }, segmentBytes: 16 * 1024 * 1024 };
  const { signal } = new AbortController();
  return waitForWal(shelf, NAME, primary as Client | undefined, Date.now() + ms, signal);
}

/** @param archived what Postgres answers, one after the other; the last one again and again */
function primaryOf(...archived: boolean[]): object {
  const trouble = { is_off: false, is_failing: true, last_failed_wal: SEGMENT };
  return {
    query: async (text: string) => {
      if (text.includes('as archived'))
        return { rows: [{ archived: archived.length > 1 ? archived.shift() : archived[0] }] };
      return { rows: [text.includes('pg_is_in_recovery') ? { standby: false } : trouble] };
    },
  };
}

test('it counts once its Postgres has archived its last segment', async (context) => {
  assert.equal((await wait(context, primaryOf(false, true), 20_000)).backup.name, NAME);
});

test('a segment of the name is in the store, but its Postgres never archived it: it does not count', async (context) => {
  await assert.rejects(wait(context, primaryOf(false), 500), {
    message: `${NAME} does not count: Postgres has not archived ${SEGMENT}, the last WAL that it needs; ${SEGMENT} could not be archived, and nothing after it`,
  });
});

test('where the primary cannot be asked, what the store holds is all that is known', async (context) => {
  assert.equal((await wait(context, undefined, 500)).backup.name, NAME);
});
