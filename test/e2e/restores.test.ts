// Restores on real pods: every kind of target, a claim alone, a StatefulSet that waits, the plan before, the command that comes
// back to one that runs. Each test starts from what the ones before it left. From the bucket alone: runbooks.test.ts.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ANNOTATION } from '../../src/api/names.ts';
import { down } from '../cluster/cluster.ts';
import { type CommandResult, getObject, kubectl, listObjects, psql, waitFor } from '../support/cluster-client.ts';
import { buildPostgres, buildSurroundings } from '../support/install.ts';
import { walguard } from '../support/walguard.ts';
import { type Life, NAMESPACE, raise } from './life.ts';

const own = ['-n', NAMESPACE];

let life: Life;
let storagePrefix: string;

before(async () => {
  life = await raise('orders');
});

after(() => down());

const rowsOf = (database: string) =>
  psql(life.cluster, NAMESPACE, `${database}-0`, "select coalesce(string_agg(n::text, ',' order by n), '') from story");

function tryRestore(...args: string[]): Promise<CommandResult> {
  return walguard(life.cluster, 'restore', ...own, '--timeout', '300', ...args);
}

async function restore(...args: string[]): Promise<string> {
  const { code, stderr } = await tryRestore(...args);
  assert.equal(code, 0, stderr);
  return stderr;
}

/** What is restored goes, so that the two nodes hold what comes next. */
async function remove(...names: string[]): Promise<void> {
  for (const name of names) {
    await kubectl(life.cluster, [...own, 'delete', 'statefulset', name, '--cascade=foreground']);
    await kubectl(life.cluster, [...own, 'delete', 'pvc', `data-${name}-0`, '--wait=false']);
  }
}

interface Story {
  readonly backup: string;
  readonly xid: string;
  readonly lsn: string;
  /** RFC 3339: when there were the rows 1 to 3. */
  readonly time: string;
}

/** Five rows, and a moment after each. */
async function tell(database: string): Promise<Story> {
  const sql = (statement: string) => life.sql(database, statement);
  const backup = (await life.status(database)).instances[0].lastSuccessfulBackup.name;
  await sql('create table story (n integer); insert into story values (1)');
  const lines = (await sql('begin; insert into story values (2); select txid_current(); commit')).split('\n');
  await sql('insert into story values (3)');
  const time = new Date().toISOString();
  await sql("select pg_create_restore_point('before the drop')");
  await sql('insert into story values (4)');
  const lsn = await sql('select pg_current_wal_insert_lsn()');
  await sql('insert into story values (5)');
  await life.archiveNow(database);
  return { backup, xid: lines.find((line) => /^\d+$/.test(line)) ?? '', lsn, time };
}

describe('a restore', () => {
  let backup: string;
  let xid: string;
  let lsn: string;

  before(async () => {
    ({ backup, xid, lsn } = await tell('orders'));
    storagePrefix = (await life.status('orders')).instances[0].storagePrefix;
  });

  test('says its plan beforehand, and leaves nothing behind', async () => {
    const stderr = await restore('orders', '--to-lsn', lsn, '--plan', '--as', 'planned');
    assert.match(
      stderr,
      new RegExp(
        `it would read base backup ${backup} \\(.* to fetch, .* of data\\), then WAL [0-9A-F]{24} to [0-9A-F]{24} \\(.*\\) up to LSN ${lsn}`,
      ),
    );
    assert.equal(await getObject(life.cluster, NAMESPACE, 'restore', 'planned'), undefined);
    assert.equal(await getObject(life.cluster, NAMESPACE, 'pvc', 'data-planned-0'), undefined);
  });

  test('to a transaction, a restore point, a position: just the rows of then', async () => {
    await Promise.all([
      restore('orders', '--to-xid', xid, '--as', 'by-xid'),
      restore('orders', '--to-name', 'before the drop', '--as', 'by-name'),
      restore('orders', '--to-lsn', lsn, '--as', 'by-lsn'),
    ]);
    assert.deepEqual(await Promise.all(['by-xid', 'by-name', 'by-lsn'].map(rowsOf)), ['1,2', '1,2,3', '1,2,3,4']);
    const { status } = await getObject(life.cluster, NAMESPACE, 'restore', 'by-name');
    assert.equal(status.target, 'restore point "before the drop"');
    assert.equal(status.plan.baseBackup, backup);
    await remove('by-xid', 'by-name', 'by-lsn');
  });

  test('to a base backup alone, and to all that is archived', async () => {
    await Promise.all([
      restore('orders', '--backup', backup, '--as', 'by-backup'),
      restore('orders', '--latest', '--as', 'by-latest'),
    ]);
    assert.equal(await rowsOf('by-latest'), '1,2,3,4,5');
    assert.equal(await psql(life.cluster, NAMESPACE, 'by-backup-0', "select to_regclass('story') is null"), 't');
    await remove('by-backup', 'by-latest');
  });

  test('that nobody waits for goes on; the command comes back to it', async () => {
    await restore('orders', '--latest', '--as', 'left-alone', '--no-wait');
    const stderr = await restore('--attach', 'left-alone');
    assert.match(stderr, /Completed: StatefulSet "left-alone" is promoted/);
    assert.equal(await rowsOf('left-alone'), '1,2,3,4,5');
    await remove('left-alone');
  });

  test('without a start waits for whoever scales it up', async () => {
    await restore('orders', '--to-xid', xid, '--as', 'waiting', '--no-start');
    assert.equal((await getObject(life.cluster, NAMESPACE, 'statefulset', 'waiting')).spec.replicas, 0);
    await kubectl(life.cluster, [...own, 'scale', 'statefulset', 'waiting', '--replicas=1']);
    await waitFor('the recovery', async () => {
      const rows = await psql(life.cluster, NAMESPACE, 'waiting-0', 'select pg_is_in_recovery()').catch(() => '');
      return rows === 'f';
    });
    assert.equal(await rowsOf('waiting'), '1,2');
    await remove('waiting');
  });

  test('into a claim fills it, and a database of another name that starts on it recovers', async () => {
    const stderr = await restore('orders', '--to-lsn', lsn, '--claim', 'data-adopted-0');
    assert.match(stderr, /Completed: PersistentVolumeClaim "data-adopted-0" holds base backup/);
    assert.deepEqual(await listObjects(life.cluster, NAMESPACE, 'statefulset', 'app=adopted'), []);
    const annotations = { [ANNOTATION.policy]: 'life' };
    await kubectl(life.cluster, ['apply', '-f', '-'], buildSurroundings({ namespace: NAMESPACE, name: 'adopted' }));
    await kubectl(
      life.cluster,
      ['apply', '-f', '-'],
      buildPostgres({ namespace: NAMESPACE, name: 'adopted', annotations }),
    );
    await waitFor('the recovery', async () => (await rowsOf('adopted').catch(() => '')) === '1,2,3,4');
    await remove('adopted');
  });
});

describe('what lies across the way', () => {
  const sql = (statement: string) => life.sql('orders', statement);
  const SEGMENTS = 120;

  test('the store goes away in the middle of the replay: it stops, says why, and goes on', async () => {
    await sql('create table filler (n integer)');
    await sql('insert into filler values (1); select pg_switch_wal();\n'.repeat(SEGMENTS));
    await life.archiveNow('orders', 180_000);
    await restore('orders', '--latest', '--as', 'torn-off', '--no-wait');
    const isRecovering = () => psql(life.cluster, NAMESPACE, 'torn-off-0', 'select pg_is_in_recovery()');
    await waitFor('the replay', async () => (await isRecovering()) === 't', { everyMs: 200 });
    await life.scaleStore(0);
    const phase = async () => (await getObject(life.cluster, NAMESPACE, 'restore', 'torn-off')).status;
    await waitFor('it to stop', async () => /the store cannot be read: /.test((await phase()).message));
    assert.equal((await phase()).phase, 'Replaying', 'it is not promoted early');
    assert.notEqual(await isRecovering().catch(() => 'it is down'), 'f');
    await life.scaleStore(1);
    await restore('--attach', 'torn-off');
    assert.equal(await psql(life.cluster, NAMESPACE, 'torn-off-0', 'select count(*) from filler'), String(SEGMENTS));
    await remove('torn-off');
  });

  test('a new timeline: to a moment on it', async () => {
    await sql("alter system set restore_command = '/bin/false'");
    const inPod = [...own, 'exec', 'orders-0', '-c', 'postgres', '--', 'sh', '-c'];
    await kubectl(life.cluster, [...inPod, 'touch "$PGDATA/recovery.signal"']);
    await kubectl(life.cluster, [...own, 'delete', 'pod', 'orders-0']);
    const timeline = () => sql('select left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)');
    await waitFor('the promotion', async () => (await timeline()) === '00000002');
    await sql('insert into story values (6)');
    const time = new Date().toISOString();
    await sql('insert into story values (7)');
    await life.archiveNow('orders');
    await restore('orders', '--to-time', time, '--as', 'on-two');
    assert.equal(await rowsOf('on-two'), '1,2,3,4,5,6');
    await remove('on-two');
  });

  test('a gap in the WAL: refused, with what can be restored', async () => {
    await life.archiveNow('orders');
    const lost = await life.archiveNow('orders');
    await sql('insert into story values (8)');
    const time = new Date().toISOString();
    await life.archiveNow('orders');
    const file = `'${storagePrefix.replace('s3://walguard/', '')}/wal_005/${lost}.lz4'`;
    await life.inStore(`fs.renameSync(${file}, 'aside')`);
    const { code, stderr } = await tryRestore('orders', '--to-time', time, '--as', 'over-the-gap');
    await life.inStore(`fs.renameSync('aside', ${file})`);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /WAL is missing after .* What can be restored: .*Z to .*Z/s);
    assert.equal(await getObject(life.cluster, NAMESPACE, 'statefulset', 'over-the-gap'), undefined);
  });
});

describe('from a dump', () => {
  const shop = (statement: string, database = 'shop', server = 'orders') =>
    kubectl(life.cluster, [
      ...[...own, 'exec', `${server}-0`, '-c', 'postgres', '--'],
      ...['psql', '-U', 'postgres', '-At', '-d', database, '-c', statement],
    ]);
  const count = async (...where: [string, string?]) => (await shop('select count(*) from items', ...where)).trim();

  before(async () => {
    await life.sql('orders', 'create database shop');
    await shop('create table items as select generate_series(1, 40) as n');
    const dump = {
      ...{ schedule: '0 5 * * 0', tool: 'pg_dump', format: 'custom' },
      ...{ destination: { storage: {} }, keep: '30d' },
    };
    const patch = JSON.stringify({ spec: { dump } });
    await kubectl(life.cluster, ['patch', 'backuppolicy', 'life', '--type=merge', '-p', patch]);
    await waitFor('its CronJob', () => getObject(life.cluster, NAMESPACE, 'cronjob', 'orders-0-dump'));
    assert.equal((await life.runNow('orders-0', 'dump', 'dump-now')).exitCode, 0);
    await shop('delete from items where n > 10');
  });

  test('into a new StatefulSet: what was dumped, and it archives on its own', async () => {
    const stderr = await restore('orders', '--from-dump', 'latest', '--as', 'from-dump');
    assert.match(stderr, /Completed/);
    assert.deepEqual([await count('shop', 'from-dump'), await count('shop')], ['40', '10']);
    await waitFor('its first base backup', async () => (await life.status('from-dump'))?.lastSuccessfulBackup);
    await remove('from-dump');
  });

  test('one database beside those of the server that runs, and into the place of one', async () => {
    const uid = async () => (await getObject(life.cluster, NAMESPACE, 'pod', 'orders-0')).metadata.uid;
    const before = await uid();
    const of = ['orders', '--from-dump', 'latest', '--of', 'shop'];
    await restore(...of, '--into-database', 'shop_then');
    assert.deepEqual([await count('shop_then'), await count('shop')], ['40', '10']);
    const stderr = await restore(...of, '--into-database', 'shop_again', '--swap', '--confirm', 'shop');
    assert.equal(await count('shop'), '40');
    const kept = /shop_before_[\w-]+/.exec(stderr)?.[0] ?? '';
    assert.equal(await count(kept), '10', stderr);
    assert.equal(await uid(), before);
  });
});

describe('PostgreSQL 17', () => {
  test('to every kind of target: just the rows of then', async () => {
    await life.add('carts', 'life', 'docker.io/library/postgres:17');
    const { backup, xid, lsn, time } = await tell('carts');
    await Promise.all([
      restore('carts', '--to-xid', xid, '--as', 'xid17'),
      restore('carts', '--to-time', time, '--as', 'time17'),
      restore('carts', '--to-name', 'before the drop', '--as', 'name17'),
    ]);
    assert.deepEqual(await Promise.all(['xid17', 'time17', 'name17'].map(rowsOf)), ['1,2', '1,2,3', '1,2,3']);
    await remove('xid17', 'time17', 'name17');
    await Promise.all([
      restore('carts', '--to-lsn', lsn, '--as', 'lsn17'),
      restore('carts', '--immediate', '--as', 'immediate17'),
      restore('carts', '--latest', '--as', 'latest17'),
    ]);
    assert.deepEqual(await Promise.all(['lsn17', 'latest17'].map(rowsOf)), ['1,2,3,4', '1,2,3,4,5']);
    assert.equal(await psql(life.cluster, NAMESPACE, 'immediate17-0', "select to_regclass('story') is null"), 't');
    const { status } = await getObject(life.cluster, NAMESPACE, 'restore', 'immediate17');
    assert.equal(status.plan.baseBackup, backup);
    await remove('lsn17', 'immediate17', 'latest17', 'carts');
  });
});
