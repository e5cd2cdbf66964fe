import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { DesiredDaemon } from '../../src/agent/daemon-plan.ts';
import type { Sidecar } from '../../src/agent/loop.ts';
import { tickDaemons } from '../../src/agent/loop-daemons.ts';
import { signRecord } from '../../src/agent/restore-signature.ts';
import type { State } from '../../src/agent/state.ts';
import { RESTORE_RECORD, RESTORE_RECORD_DONE } from '../../src/api/names.ts';
import { createRecordedLog } from '../support/recorded-log.ts';
import { makeTempDir } from '../support/temp.ts';

const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'key' };
const OWN = 's3://backups/shop/orders-back/15/42-r20261121201533';
const RECORD = signRecord(
  {
    restore: 'undo',
    uid: 'uid-of-undo',
    namespace: 'shop',
    database: 'orders-back',
    systemIdentifier: '42',
    incarnation: 'r20261121201533',
    storagePrefix: 's3://backups/shop/orders/15/42',
    target: { latest: true },
    baseBackup: 'base_1',
  },
  CREDENTIALS,
);

interface Given {
  readonly record?: object;
  readonly observed?: { readonly inRecovery: boolean };
  readonly owned?: State['owned'];
}

async function setUp(context: TestContext, { record = RECORD, observed, owned }: Given = {}) {
  const pgdata = await makeTempDir(context);
  mkdirSync(join(pgdata, 'global'));
  writeFileSync(join(pgdata, 'PG_VERSION'), '15');
  writeFileSync(join(pgdata, 'global', 'pg_control'), Buffer.from(BigUint64Array.of(42n).buffer));
  writeFileSync(join(pgdata, RESTORE_RECORD), JSON.stringify(record));
  const { log } = createRecordedLog();
  const state = { observed, owned } as State;
  const agent = { pgdata, log, env: {}, policyPrefix: 's3://backups', namespace: 'shop', database: 'orders-back' };
  let daemons: readonly DesiredDaemon[] = [];
  const supervisor = {
    apply: async (desired: readonly DesiredDaemon[]) => {
      daemons = desired;
    },
  };
  const tick = async () => {
    await tickDaemons({ context: agent, state, supervisor } as unknown as Sidecar, async () => ({
      credentials: CREDENTIALS,
    }));
    return daemons.map(({ role, prefix }) => `${role} ${prefix}`);
  };
  return { pgdata, state, tick };
}

const isNew = { prefix: OWN, isOwned: false };

test('a signed record of a restore that is not complete: its prefix is served, and nothing is said', async (context) => {
  const { pgdata, state, tick } = await setUp(context, { observed: { inRecovery: true }, owned: isNew });
  assert.deepEqual(await tick(), [`recovery ${RECORD.storagePrefix}`]);
  assert.equal(state.unserved, undefined);
  assert.ok(existsSync(join(pgdata, RESTORE_RECORD)));
});

const UNSERVED: readonly (readonly [name: string, given: Given, why: RegExp])[] = [
  ['it is forged', { record: { ...RECORD, storagePrefix: 's3://backups/bank/a/15/42' }, owned: isNew }, /signature/],
  ['the own prefix has an owner', { owned: { prefix: OWN, isOwned: true } }, /that restore is complete/],
  ['the store has not answered', {}, /has not said yet/],
  ['the store has answered for another prefix', { owned: { prefix: 's3://x', isOwned: false } }, /has not said yet/],
];

for (const [name, given, why] of UNSERVED) {
  test(`a record is not followed, and that is said for as long as it can be read: ${name}`, async (context) => {
    const { pgdata, state, tick } = await setUp(context, given);
    assert.deepEqual(await tick(), []);
    assert.match(state.unserved ?? '', why);
    writeFileSync(join(pgdata, RESTORE_RECORD), 'no JSON');
    await tick();
    assert.deepEqual(
      [state.unserved, state.message],
      [undefined, `${RESTORE_RECORD} in the data directory is not JSON`],
    );
  });
}

test('where Postgres is promoted no record is followed, however often it is written', async (context) => {
  const { pgdata, state, tick } = await setUp(context, { observed: { inRecovery: false }, owned: isNew });
  assert.deepEqual(await tick(), []);
  assert.ok(existsSync(join(pgdata, RESTORE_RECORD)), 'it stays until the store knows that it is complete');
  state.owned = { prefix: OWN, isOwned: true };
  for (let writes = 0; writes < 2; writes++) {
    assert.deepEqual(await tick(), []);
    assert.equal(state.unserved, undefined);
    assert.equal(existsSync(join(pgdata, RESTORE_RECORD)), false);
    assert.ok(existsSync(join(pgdata, RESTORE_RECORD_DONE)));
    writeFileSync(join(pgdata, RESTORE_RECORD), JSON.stringify(RECORD));
  }
});

test('an identity that leads to a secret is none, and says nothing of it', async (context) => {
  const { pgdata, state, tick } = await setUp(context);
  writeFileSync(join(pgdata, 'secret'), '1234567890123456');
  for (const name of ['PG_VERSION', 'global/pg_control']) {
    rmSync(join(pgdata, name));
    symlinkSync(join(pgdata, 'secret'), join(pgdata, name));
  }
  await tick();
  assert.equal(state.identity, undefined);
  assert.match(state.message ?? '', /ELOOP/);
});
