import assert from 'node:assert/strict';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Sidecar } from '../../src/agent/loop.ts';
import { tickDaemons } from '../../src/agent/loop-daemons.ts';
import type { State } from '../../src/agent/state.ts';
import { RESTORE_RECORD, RESTORE_RECORD_DONE } from '../../src/api/names.ts';
import { createRecordedLog } from '../support/recorded-log.ts';
import { makeTempDir } from '../support/temp.ts';

const SOURCE = 's3://backups/shop/orders/15/42';

async function setUp(context: TestContext, database: string, observed?: Partial<State['observed']>) {
  const pgdata = await makeTempDir(context);
  writeFileSync(join(pgdata, RESTORE_RECORD), JSON.stringify({ storagePrefix: SOURCE }));
  const { log } = createRecordedLog();
  const state = { observed } as State;
  const agent = { pgdata, log, env: {}, policyPrefix: 's3://backups', namespace: 'shop', database };
  const supervisor = { apply: async () => undefined };
  const tick = () => tickDaemons({ context: agent, state, supervisor } as unknown as Sidecar);
  await tick();
  return { pgdata, state, tick };
}

test("a record that asks for another database's archive is followed, and nothing is said", async (context) => {
  const { pgdata, state } = await setUp(context, 'orders-back', { inRecovery: true });
  assert.equal(state.foreignSource, undefined);
  assert.ok(existsSync(join(pgdata, RESTORE_RECORD)));
});

test('a record that is not followed is said, for as long as it is there and can be read', async (context) => {
  const { pgdata, state, tick } = await setUp(context, 'orders');
  assert.match(state.foreignSource ?? '', /is not served/);
  writeFileSync(join(pgdata, RESTORE_RECORD), 'no JSON');
  await tick();
  assert.deepEqual(
    [state.foreignSource, state.message],
    [undefined, `${RESTORE_RECORD} in the data directory is not JSON`],
  );
});

test('where Postgres is promoted no record is followed, however often it is written', async (context) => {
  const { pgdata, state, tick } = await setUp(context, 'orders', { inRecovery: false });
  for (let writes = 0; writes < 2; writes++) {
    assert.equal(state.foreignSource, undefined);
    assert.equal(existsSync(join(pgdata, RESTORE_RECORD)), false);
    assert.ok(existsSync(join(pgdata, RESTORE_RECORD_DONE)));
    writeFileSync(join(pgdata, RESTORE_RECORD), JSON.stringify({ storagePrefix: SOURCE }));
    await tick();
  }
});

test('an identity that leads to a secret is none, and says nothing of it', async (context) => {
  const { pgdata, state, tick } = await setUp(context, 'orders');
  writeFileSync(join(pgdata, 'secret'), '1234567890123456');
  mkdirSync(join(pgdata, 'global'));
  for (const name of ['PG_VERSION', 'global/pg_control']) symlinkSync(join(pgdata, 'secret'), join(pgdata, name));
  await tick();
  assert.equal(state.identity, undefined);
  assert.match(state.message ?? '', /ELOOP/);
});
