// Every way in which people run Postgres, on real pods: each archives, is backed up, loses a table, and gets back every row
// that was there at a moment after the base backup.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { buildWalguardImage, type Cluster, down, loadTestImages, up } from '../cluster/cluster.ts';
import { getObject, kubectl, type Live, waitFor } from '../support/cluster-client.ts';
import { installChart } from '../support/install.ts';
import { walguard } from '../support/walguard.ts';
import { DATABASES, type Database, LOGIN, MAJORS, NAMESPACE } from './databases.ts';

const { alpine, trio, told, forgotten, taken, bitnami, patroni } = DATABASES;
const ALL = [...MAJORS, ...Object.values(DATABASES)];

let cluster: Cluster;

before(async () => {
  cluster = await up({ nodes: 2 });
  await installChart(cluster, await buildWalguardImage(cluster));
  await loadTestImages(cluster, [...new Set(ALL.map(({ image }) => image))] as never);
  await kubectl(cluster, ['create', 'namespace', NAMESPACE]);
  await apply([LOGIN, ...ALL.flatMap(({ workload, others }) => [...others, workload])]);
});

after(() => down());

const run = (...args: string[]) => kubectl(cluster, ['-n', NAMESPACE, ...args]);
const apply = (items: readonly object[]) =>
  kubectl(cluster, ['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));

function sql(
  { container, psql }: Pick<Database, 'container' | 'psql'>,
  pod: string,
  statement: string,
): Promise<string> {
  const words = ['-n', NAMESPACE, 'exec', '-i', pod, '-c', container, '--', 'psql', ...psql];
  return kubectl(cluster, [...words, '-d', 'postgres', '-v', 'ON_ERROR_STOP=1', '-qAt'], statement).then((text) =>
    text.trim(),
  );
}

const status = async (name: string): Promise<Live> =>
  (await getObject(cluster, NAMESPACE, 'protecteddatabase', name))?.status;

const instance = async (name: string, pod: string): Promise<Live> =>
  (await status(name))?.instances?.find((each: Live) => each.pod === pod);

const condition = async (name: string, type: string): Promise<Live> =>
  (await status(name))?.conditions?.find((each: Live) => each.type === type);

const isReady = ({ status: { conditions = [] } = {} }: Live): boolean =>
  conditions.some(({ type, status: is }: Live) => type === 'Ready' && is === 'True');

/** The member that leads, which is ready and not about to go. */
const leader = async (): Promise<string> => {
  const { items } = JSON.parse(await run('get', 'pods', '-l', 'application=patroni', '-o', 'json'));
  const leads = items.filter(
    (pod: Live) =>
      /^(master|primary)$/.test(pod.metadata.labels.role ?? '') && isReady(pod) && !pod.metadata.deletionTimestamp,
  );
  assert.equal(leads.length, 1, 'one member leads');
  return leads[0].metadata.name;
};

async function waitForReady(name: string, count: number): Promise<void> {
  await waitFor(`${name} to be ready`, async () => {
    const live = await getObject(cluster, NAMESPACE, 'statefulset', name);
    return live?.status.readyReplicas === count && live.status.updatedReplicas === count;
  });
}

/** Rows before the base backup and after it, a moment, and then the loss. */
async function liveAndLose(database: Database, pod: string): Promise<string> {
  await sql(database, pod, 'create table ledger as select generate_series(1, 1000) as id');
  await waitFor(
    `a base backup of ${pod}`,
    async () => (await instance(database.name, pod))?.lastSuccessfulBackup !== undefined,
    { timeoutMs: 240_000 },
  );
  await sql(database, pod, 'insert into ledger select generate_series(1001, 1500)');
  const target = `${(await sql(database, pod, "select clock_timestamp() at time zone 'utc'")).replace(' ', 'T')}Z`;
  await sql(
    database,
    pod,
    'select pg_sleep(0.2); insert into ledger select generate_series(1501, 1600); drop table ledger',
  );
  return target;
}

async function restore(database: Database, pod: string, target: string): Promise<string> {
  const name = `${pod}-back`;
  const args = ['restore', database.name, '--instance', pod, '--to-time', target, '--as', name, '-n', NAMESPACE];
  const { code, stderr } = await walguard(cluster, ...args, '--timeout', '300');
  assert.equal(code, 0, stderr);
  return `${name}-0`;
}

const COUNT = 'select count(*), min(id), max(id) from ledger';

async function proveRestore(database: Database, pod: string): Promise<void> {
  const target = await liveAndLose(database, pod);
  const restored = await restore(database, pod, target);
  assert.equal(await sql(database, restored, COUNT), '1500|1|1500');
  await run('delete', 'statefulset', restored.replace(/-0$/, ''));
}

/** What the sidecar says of a pod that archives: which settings are missing, and where it writes. */
async function assertArchiving(name: string, pod: string): Promise<Live> {
  return waitFor(`${pod} to archive`, async () => {
    const seen = await instance(name, pod);
    return seen?.archiver?.lastArchivedWal && seen.storagePrefix ? seen : undefined;
  });
}

for (const database of [...MAJORS, alpine, bitnami, told, taken]) {
  test(`${database.name}: archives, is backed up, and is restored with every row`, async () => {
    await waitForReady(database.name, 1);
    const { storagePrefix, clusterId } = await assertArchiving(database.name, `${database.name}-0`);
    const major = await sql(
      database,
      `${database.name}-0`,
      "select current_setting('server_version_num')::int / 10000",
    );
    assert.equal(storagePrefix, `s3://walguard/${NAMESPACE}/${database.name}/${major}/${clusterId}`);
    await proveRestore(database, `${database.name}-0`);
  });
}

test("bitnami: the user's own flags hold beside walguard's", async () => {
  assert.equal(await sql(bitnami, 'bitnami-0', 'show max_connections'), '177');
  assert.equal(await sql(bitnami, 'bitnami-0', 'show archive_mode'), 'on');
});

test('external: settings that the user forgot are named, with what to pass', async () => {
  await waitForReady(forgotten.name, 1);
  const { status: is, message } = await waitFor('the condition', async () => {
    const found = await condition(forgotten.name, 'ContinuousArchiving');
    return found?.reason === 'ArchiveSettingsMissing' ? found : undefined;
  });
  assert.equal(is, 'False');
  assert.match(message, /^forgotten-0: .*archive_command and archive_timeout.*archive-wal %f/);
  assert.doesNotMatch(message, /bin\/true/, 'a command of the user may hold secrets');
});

describe('three unrelated primaries under one StatefulSet', () => {
  const pods = ['trio-0', 'trio-1', 'trio-2'];

  test('each archives into a prefix of its own', async () => {
    await waitForReady('trio', 3);
    const seen = await Promise.all(pods.map((pod) => assertArchiving('trio', pod)));
    assert.equal(new Set(seen.map(({ storagePrefix }) => storagePrefix)).size, 3);
  });

  test('a restore that does not say which one is refused, and lists them', async () => {
    const args = ['restore', 'trio', '--to-time', new Date().toISOString(), '--as', 'which', '-n', NAMESPACE];
    const { code, stderr } = await walguard(cluster, ...args, '--timeout', '60');
    assert.equal(code, 1);
    for (const pod of pods) assert.match(stderr, new RegExp(pod));
  });

  for (const pod of pods) test(`${pod} is restored with every row`, () => proveRestore(trio, pod));
});

describe('Patroni, three members', () => {
  const members = ['patroni-0', 'patroni-1', 'patroni-2'];
  test("walguard's settings get into Patroni's configuration; a start that came before them is told of, not mended by force", async () => {
    await waitForReady('patroni', 3);
    await waitFor('the settings in Patroni', async () =>
      /archive-wal/.test(
        await run('exec', await leader(), '-c', 'patroni', '--', 'curl', '-s', 'localhost:8008/config'),
      ),
    );
    const started = "select date_trunc('milliseconds', pg_postmaster_start_time())";
    const before = await sql(patroni, await leader(), started);
    if ((await sql(patroni, await leader(), 'show archive_mode')) === 'off') {
      await waitFor(
        'the condition',
        async () => (await condition('patroni', 'ContinuousArchiving'))?.reason === 'ArchiveModeOff',
      );
      assert.match((await condition('patroni', 'ContinuousArchiving')).message, /restart/);
    }
    assert.equal(await sql(patroni, await leader(), started), before, 'walguard restarted nothing');
  });

  test('after the restart that the user asks for, the leader archives and is backed up', async () => {
    for (const pod of members) await waitFor(`${pod} to be restarted`, () => restartUntilOn(pod));
    await waitForReady('patroni', 3);
    await assertArchiving('patroni', await leader());
  });

  /** Not only where Patroni says that a restart is pending: of some replicas Postgres knows, and Patroni does not (3.0.2, seen). */
  async function restartUntilOn(pod: string): Promise<boolean> {
    const mode = await sql(patroni, pod, 'show archive_mode');
    if (mode === 'off') {
      const ask = ['curl', '-s', '-XPOST', '-d', '{}', 'localhost:8008/restart'];
      await run('exec', pod, '-c', 'patroni', '--', ...ask);
    }
    return mode === 'on';
  }

  test('archiving follows the leader through a failover, and the rows of both come back', async () => {
    const first = await leader();
    await sql(patroni, first, 'create table ledger as select generate_series(1, 1000) as id');
    await waitFor('a base backup', async () => (await instance('patroni', first))?.lastSuccessfulBackup !== undefined, {
      timeoutMs: 240_000,
    });
    await sql(patroni, first, 'insert into ledger select generate_series(1001, 1200); select pg_switch_wal()');
    await sql(patroni, first, 'insert into ledger select generate_series(1201, 1250)');
    await run('delete', 'pod', first, '--wait=false');
    const second = await waitFor('another leader', async () => {
      const now = await leader();
      return now === first ? undefined : now;
    });
    await sql(patroni, second, 'insert into ledger select generate_series(1251, 1500); select pg_switch_wal()');
    await assertArchiving('patroni', second);
    const target = `${(await sql(patroni, second, "select clock_timestamp() at time zone 'utc'")).replace(' ', 'T')}Z`;
    await sql(patroni, second, 'select pg_sleep(0.2); drop table ledger');
    const restored = await restore(patroni, second, target);
    assert.equal(await sql(patroni, restored, COUNT), '1500|1|1500');
    assert.equal(await sql(patroni, restored, 'select pg_is_in_recovery()'), 'f');
  });

  test('the copy is a Postgres of its own: the members are still three, and none of them is new', async () => {
    const { items } = JSON.parse(await run('get', 'pods', '-l', 'application=patroni', '-o', 'json'));
    assert.deepEqual(items.map(({ metadata }: Live) => metadata.name).sort(), members);
    const seen = await waitFor('the standbys to be covered', async () => {
      const found = await condition('patroni', 'ContinuousArchiving');
      return found?.status === 'True' ? found : undefined;
    });
    assert.equal(seen.reason, 'ContinuousArchivingSuccess');
  });
});

describe('when the annotation goes', () => {
  const [official] = MAJORS;
  const archived = "select count(*) from pg_ls_archive_statusdir() where name like '%.ready'";

  before(() => run('label', 'namespace', NAMESPACE, 'walguard.dev/mode=warn', '--overwrite'));

  async function leave({ name, replicas }: Database): Promise<void> {
    await run('annotate', 'statefulset', name, 'walguard.dev/policy-');
    await waitFor(`${name} without a sidecar`, async () => {
      const live = await getObject(cluster, NAMESPACE, 'statefulset', name);
      const { observedGeneration, readyReplicas, updatedReplicas } = live.status;
      return (
        live.spec.template.spec.initContainers === undefined &&
        observedGeneration === live.metadata.generation &&
        [readyReplicas, updatedReplicas].every((count) => count === replicas)
      );
    });
  }

  async function assertNothingPilesUp(database: Database, pod: string): Promise<void> {
    for (let i = 0; i < 5; i++) await sql(database, pod, 'insert into kept values (2); select pg_switch_wal()');
    await sql(database, pod, 'checkpoint');
    await waitFor('no WAL to wait', async () => (await sql(database, pod, archived)) === '0', { timeoutMs: 30_000 });
  }

  test('the database starts without walguard, keeps its rows, and piles up no WAL', async () => {
    assert.ok(official);
    const pod = `${official.name}-0`;
    await sql(official, pod, 'create table kept as select 1 as id');
    await leave(official);
    assert.equal(await sql(official, pod, 'select id from kept'), '1');
    assert.equal(await sql(official, pod, 'show archive_mode'), 'off');
    await assertNothingPilesUp(official, pod);
  });

  test("what stays in Patroni's configuration does no harm", async () => {
    await sql(patroni, await leader(), 'create table kept as select 1 as id');
    await leave(patroni);
    const now = await waitFor('a leader', leader);
    assert.equal(await sql(patroni, now, 'select id from kept'), '1');
    assert.equal(await sql(patroni, now, 'show archive_mode'), 'on');
    await assertNothingPilesUp(patroni, now);
  });
});
