// The base-backup job against a real Postgres, the real engine and a real store: every method, and who is told.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { signRequest } from '../../src/agent/request-signature.ts';
import { until } from '../support/processes.ts';
import {
  assertFailed,
  backupOf,
  listPushes,
  listStored,
  rowsAfterRestore,
  SLOW,
  startJob,
  take,
  throughSidecar,
  uidOf,
  untilPushing,
} from './support/base-backup.ts';
import { serveFake, startForwarder } from './support/cluster.ts';
import { engineTest, prefixOf, startSidecar, startWorld, type World } from './support/engine-world.ts';
import { startPushgateway } from './support/pushgateway.ts';

engineTest('node: the report says what was made, and its WAL is in the store by then', async (context, engine) => {
  const world = await startWorld(context, { engine });
  const backup = backupOf(await take(world));
  assert.equal(backup.kind, 'full');
  assert.deepEqual(await listStored(world), [backup.name]);
  const segment = backup.name.slice('base_'.length);
  const keys = await world.store.list(`${await prefixOf(world.store, world.postgres)}/wal_005`);
  assert.ok(
    keys.some((key) => key.includes(`/${segment}.`)),
    keys.join(),
  );
});

engineTest('node: segments of another size give the backup the right name', async (context, engine) => {
  const world = await startWorld(context, { engine, postgres: { segmentMegabytes: 1 } });
  const { name } = backupOf(await take(world));
  assert.equal(await rowsAfterRestore(context, world), '2');
  const label = await world.postgres.value(`select pg_walfile_name('${await startLsn(world, name)}')`);
  assert.equal(name, `base_${label}`);
});

async function startLsn({ store, postgres }: World, name: string): Promise<string> {
  const file = store.fileOf(`${await prefixOf(store, postgres)}/basebackups_005/${name}_backup_stop_sentinel.json`);
  const lsn = BigInt(/"LSN":\s*(\d+)/.exec(await readFile(file, 'utf8'))?.[1] ?? '0');
  return `${(lsn >> 32n).toString(16)}/${(lsn & 0xffffffffn).toString(16)}`;
}

engineTest('remote: without the data directory, and restored', async (context, engine) => {
  const world = await startWorld(context, { engine });
  const backup = backupOf(await take(world, { WALGUARD_METHOD: 'remote', PGDATA: '/nowhere' }));
  assert.equal(backup.kind, 'full');
  assert.equal(await rowsAfterRestore(context, world), '2');
});

engineTest('remote: a pg_hba.conf that does not let it in is named, with what to write', async (context, engine) => {
  const world = await startWorld(context, { engine });
  const file = join(world.postgres.pgdata, 'pg_hba.conf');
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => !/^\w+\s+replication/.test(line));
  await writeFile(file, lines.join('\n'));
  await world.postgres.sql('select pg_reload_conf()');
  await until('the new pg_hba.conf is read', () => /reloading configuration/.test(world.postgres.log()));
  assertFailed(await take(world, { WALGUARD_METHOD: 'remote' }), /host replication postgres all scram-sha-256/);
  assert.deepEqual(await listStored(world), []);
});

engineTest('sidecar: made in the pod, asked for over HTTP, and restored', async (context, engine) => {
  const world = await startWorld(context, { engine });
  const backup = backupOf(await take(world, { ...throughSidecar(world), PGDATA: '/nowhere' }));
  assert.deepEqual(await listStored(world), [backup.name]);
  assert.equal(await rowsAfterRestore(context, world), '2');
});

engineTest('sidecar: who has not the storage Secret gets nothing', async (context, engine) => {
  const world = await startWorld(context, { engine });
  const path = `/base-backups/a-job/${uidOf('a-job')}?seconds=60&deltaSteps=0`;
  const url = `http://127.0.0.1:${world.sidecar.port}${path}`;
  const post = async (signature?: string, to = url) => {
    const headers = signature === undefined ? {} : { 'x-walguard-signature': signature };
    return (await fetch(to, { method: 'POST', headers })).status;
  };
  const { credentials } = world.store;
  const other = { ...credentials, AWS_SECRET_ACCESS_KEY: 'another' };
  const sign = (at: number, of = credentials, target = 'shop/orders-0') =>
    signRequest({ method: 'POST', target, path }, of, at);
  assert.equal(await post(), 401);
  assert.equal(await post(sign(Date.now(), other)), 401);
  assert.equal(await post(sign(Date.now() - 600_000)), 401);
  assert.equal(await post(sign(Date.now(), credentials, 'shop/orders-1')), 401);
  assert.equal(await post(sign(Date.now()), `${url}&parent=base_000000010000000000000001`), 401);
  assert.deepEqual([listPushes(world), await listStored(world)], [[], []]);
  const good = sign(Date.now());
  assert.equal(await post(good), 202);
  assert.equal(await post(good), 401);
});

engineTest('sidecar: a job that dies leaves the backup to go on, and its next try gets it', async (context, engine) => {
  const world = await startWorld(context, { engine, agent: { env: SLOW } });
  const job = await startJob(world, throughSidecar(world, 'nightly'));
  await untilPushing(world);
  job.kill('SIGKILL');
  assertFailed(await take(world, throughSidecar(world, 'another')), /another base backup of this database is running/);
  const backup = backupOf(await take(world, throughSidecar(world, 'nightly')));
  assert.deepEqual(await listStored(world), [backup.name]);
});

engineTest('sidecar: a Job that is made again under its name gets a backup of its own', async (context, engine) => {
  const world = await startWorld(context, { engine });
  const first = backupOf(await take(world, throughSidecar(world, 'by-hand')));
  const again = { ...throughSidecar(world, 'by-hand'), WALGUARD_JOB_UID: uidOf('another') };
  const second = backupOf(await take(world, again));
  assert.deepEqual(await listStored(world), [first.name, second.name]);
});

engineTest(
  'sidecar: one that is ended in the middle is told as a failure, and takes the engine along',
  async (context, engine) => {
    const world = await startWorld(context, { engine, agent: { env: SLOW } });
    const { port, to } = await startForwarder(context);
    to(world.sidecar.port);
    const failed = take(world, throughSidecar({ sidecar: { ...world.sidecar, port } }));
    await untilPushing(world);
    await world.sidecar.stop();
    assert.deepEqual(listPushes(world), []);
    to((await startSidecar(context, world.store, world.postgres)).port);
    assertFailed(await failed, /started anew in the middle/);
    assert.deepEqual(await listStored(world), []);
  },
);

engineTest('the Pushgateway is told of a good one; one that is away does not make it bad', async (context, engine) => {
  const world = await startWorld(context, { engine });
  const metric = 'postgres_base_backup_last_success_timestamp';
  const METRIC = { WALGUARD_PUSHGATEWAY_METRIC: metric, WALGUARD_INSTANCE: 'orders-0' };
  const real = await startPushgateway(context);
  const seen: string[] = [];
  const url = real ?? (await serveFake(context, seen));
  context.diagnostic(`Pushgateway: ${real === undefined ? 'a fake' : 'a real one'}`);
  const told = await take(world, { ...METRIC, WALGUARD_PUSHGATEWAY_URL: url });
  const seconds = Math.floor(Date.parse(backupOf(told).finishedAt) / 1000);
  assert.deepEqual(told.report.pushgateway, { ok: true });
  if (real === undefined) {
    const path = '/metrics/job/walguard/namespace/shop/database/orders/instance/orders-0';
    assert.deepEqual(seen, [`POST ${path}\n# TYPE ${metric} gauge\n${metric} ${seconds}\n`]);
  } else {
    const [, labels = '', value] =
      new RegExp(`^${metric}\\{(.*)\\} (\\S+)$`, 'm').exec(await (await fetch(`${real}/metrics`)).text()) ?? [];
    const expected = ['database="orders"', 'instance="orders-0"', 'job="walguard"', 'namespace="shop"'];
    assert.deepEqual([labels.split(',').sort(), Number(value)], [expected, seconds]);
  }
  const away = await take(world, { ...METRIC, WALGUARD_PUSHGATEWAY_URL: 'http://admin:hunter2@127.0.0.1:1' });
  backupOf(away);
  assert.match(JSON.stringify(away.report.pushgateway), /127\.0\.0\.1:1 does not answer/);
  assert.doesNotMatch(away.stdout + away.stderr, /hunter2/);
});
