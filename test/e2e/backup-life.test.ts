// The backup life of databases on real pods: days of base backups pruned to the policy, what goes wrong in a store and is found,
// credentials that change, a store that is away while clients go on.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { down } from '../cluster/cluster.ts';
import { getObject, kubectl, type Live, waitFor } from '../support/cluster-client.ts';
import { SYSTEM_NAMESPACE } from '../support/install.ts';
import { killSidecar, type Life, NAMESPACE, raise, setBack } from './life.ts';

/** Whatever day of the week it is: the newest backup of the week before is 7 days old at most, and needs none that is older. */
const DAYS_AGO = [16, 9, 7, 4, 3, 2, 1, 0];
/** Seconds for which the store is away; by hand a shorter one does. */
const STORE_DOWN = Number(process.env.STORE_DOWN_SECONDS || 600);
/** A verification each minute, its job, and the controller's look. */
const FOUND = { timeoutMs: 180_000 };

let life: Life;

before(async () => {
  life = await raise('orders', 'carts');
  await life.sql('carts', 'create table kept (id int); insert into kept values (1)');
});

after(() => down());

const instance = async (database: string): Promise<Live> => (await life.status(database))?.instances?.[0];
const prefixOf = async (database: string): Promise<string> =>
  (await instance(database)).storagePrefix.replace('s3://walguard/', '');

/** Names of the finished base backups in the store. */
async function listBackups(prefix: string): Promise<string[]> {
  const text = await life.inStore(`console.log(fs.readdirSync('${prefix}/basebackups_005').join('\\n'))`);
  const ends = '_backup_stop_sentinel.json';
  return text
    .split('\n')
    .filter((name) => name.endsWith(ends))
    .map((name) => name.slice(0, -ends.length))
    .sort();
}

interface Day {
  readonly daysAgo: number;
  readonly name: string;
  readonly finishedAt: string;
}

describe('weeks of base backups', () => {
  const days: Day[] = [];
  let kept: string[];

  test('are taken in full and as deltas, by the CronJob', async () => {
    const prefix = await prefixOf('orders');
    await setBack(life, prefix, 0, 20);
    await life.sql('orders', 'create table days (ago int)');
    for (const daysAgo of DAYS_AGO) {
      const since = Date.now();
      await life.sql('orders', `insert into days values (${daysAgo})`);
      const report = await life.runNow('orders-0', 'base-backup', `day-${daysAgo}`);
      assert.equal(report.ok, true, JSON.stringify(report));
      await life.archiveNow('orders');
      const finishedAt = daysAgo === 0 ? report.backup.finishedAt : await setBack(life, prefix, since, daysAgo);
      days.push({ daysAgo, name: report.backup.name, finishedAt });
    }
    const kinds = days.map(({ name }) => (name.includes('_D_') ? 'delta' : 'full'));
    assert.deepEqual(new Set(kinds), new Set(['full', 'delta']));
  });

  test('are pruned to what the policy keeps, with the parents of what stays', async () => {
    const prefix = await prefixOf('orders');
    const report = await life.runNow('orders-0', 'prune', 'prune-now');
    assert.equal(report.ok, true, JSON.stringify(report));
    kept = await listBackups(prefix);
    const ago = days.filter(({ name }) => kept.includes(name)).map(({ daysAgo }) => daysAgo);
    // Three days, the window of two days with the base from before it, and one of the week before this one.
    for (const each of [0, 1, 2]) assert.ok(ago.includes(each), `the backup of ${each} days ago is there: ${ago}`);
    for (const each of [16, 20]) assert.ok(!ago.includes(each), `the backup of ${each} days ago is gone: ${ago}`);
    assert.equal(report.prune.kept, kept.length);
    assert.equal(report.prune.removed, DAYS_AGO.length + 1 - kept.length);
    const seen = await waitFor('the status to tell of it', async () => (await instance('orders')).lastPrune);
    assert.equal(seen.removed, report.prune.removed);
    assert.equal(await life.metric(/^walguard_database_base_backups\{.*database="orders"/), kept.length);
  });

  test('each of those that stayed is restored with the rows of its day', async () => {
    const wanted = days.filter(({ name, daysAgo }) => kept.includes(name) && daysAgo > 0);
    for (let at = 0; at < wanted.length; at += 3) {
      await Promise.all(wanted.slice(at, at + 3).map(restoreDay));
    }
  });

  async function restoreDay({ daysAgo, finishedAt }: Day): Promise<void> {
    const as = `day-${daysAgo}`;
    const { code, stderr } = await life.restore('orders', as, finishedAt);
    assert.equal(code, 0, stderr);
    const expected = DAYS_AGO.filter((each) => each >= daysAgo).join(',');
    assert.equal(await life.sql(as, "select string_agg(ago::text, ',' order by ago desc) from days"), expected);
    await kubectl(life.cluster, ['-n', NAMESPACE, 'delete', 'statefulset', as, '--wait=false']);
  }

  test('a moment of the window is restored too, and one of a day that was removed is refused with the windows', async () => {
    await life.sql('orders', 'insert into days values (-1)');
    const moment = new Date(
      `${await life.sql('orders', "select clock_timestamp() at time zone 'utc'")}Z`,
    ).toISOString();
    await life.sql('orders', 'insert into days values (-2)');
    const { code, stderr } = await life.restore('orders', 'moment', moment);
    assert.equal(code, 0, stderr);
    assert.equal(await life.sql('moment', 'select min(ago) from days'), '-1');
    const gone = days.find(({ daysAgo }) => daysAgo === 16);
    const refused = await life.restore('orders', 'gone', gone?.finishedAt ?? '');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /restore-target-early: .*It can be restored to a time from/);
  });
});

describe('what goes wrong in the store', () => {
  test('a deleted WAL segment is found, a fresh base backup is taken, and there are two windows', async () => {
    const prefix = await prefixOf('orders');
    const before = (await instance('orders')).lastSuccessfulBackup.name;
    const segments = [
      await life.archiveNow('orders'),
      await life.archiveNow('orders'),
      await life.archiveNow('orders'),
    ];
    await life.inStore(`for (const name of fs.readdirSync('${prefix}/wal_005'))
      if (name.startsWith('${segments[1]}')) fs.rmSync(path.join('${prefix}/wal_005', name))`);
    await found('orders', /wal-gap|wal-missing/);
    await waitFor(
      'a fresh base backup',
      async () => (await instance('orders')).lastSuccessfulBackup.name !== before,
      FOUND,
    );
    const { recoveryWindows } = await waitFor(
      'two windows',
      async () => {
        const seen = await life.status('orders');
        const [last, earlier] = seen.recoveryWindows?.toReversed() ?? [];
        return earlier?.to !== undefined && last.to === undefined ? seen : undefined;
      },
      FOUND,
    );
    assert.ok(recoveryWindows.length >= 2);
    assert.equal(await life.metric(/^walguard_database_recovery_windows\{.*orders/), recoveryWindows.length);
  });

  test('a truncated base backup is found, and is not what a restore picks', async () => {
    const prefix = await prefixOf('carts');
    const good = (await instance('carts')).lastSuccessfulBackup.name;
    const bad = (await life.runNow('carts-0', 'base-backup', 'to-be-cut')).backup.name;
    assert.notEqual(bad, good);
    await life.inStore(`const parts = '${prefix}/basebackups_005/${bad}/tar_partitions';
      for (const name of fs.readdirSync(parts)) {
        const file = path.join(parts, name); fs.truncateSync(file, Math.floor(fs.statSync(file).size / 2));
      }`);
    await found('carts', /backup-/);
    await life.archiveNow('carts');
    const { code, stderr } = await life.restore('carts', 'uncut', new Date().toISOString());
    assert.equal(code, 0, stderr);
    assert.equal(await life.sql('uncut', 'select count(*) from kept'), '1');
    await kubectl(life.cluster, ['-n', NAMESPACE, 'delete', 'statefulset', 'uncut', '--wait=false']);
    await life.inStore(`for (const name of fs.readdirSync('${prefix}/basebackups_005'))
      if (name.startsWith('${bad}')) fs.rmSync(path.join('${prefix}/basebackups_005', name), { recursive: true })`);
  });

  test('another writer on the same prefix is refused by name, and the database goes on', async () => {
    const prefix = await prefixOf('carts');
    const file = `${prefix}/walguard/owner.json`;
    const own = await waitFor('the owner to be noted', async () => {
      const text = await life.inStore(
        `console.log(fs.existsSync('${file}') ? fs.readFileSync('${file}', 'utf8') : '')`,
      );
      return text.trim() || undefined;
    });
    const other = {
      ...JSON.parse(own),
      writer: 'not-ours',
      installation: 'not-this',
      node: 'their-node',
      renewedAt: soon(),
    };
    await life.inStore(`fs.writeFileSync('${file}', ${JSON.stringify(JSON.stringify(other))})`);
    const said = await waitFor(
      'the condition to name the owner',
      async () => {
        const seen = await life.condition('carts', 'StorageReachable');
        return seen?.reason === 'OwnedByAnother' ? seen : undefined;
      },
      FOUND,
    );
    assert.match(said.message, /life\/carts-0 on node their-node.* another Kubernetes cluster/);
    assert.equal(await life.sql('carts', 'insert into kept values (2); select count(*) from kept'), '2');
    await life.inStore(`fs.writeFileSync('${file}', ${JSON.stringify(own)})`);
    await waitFor('the store to be its own again', async () => isTrue('carts', 'StorageReachable'), FOUND);
    await life.archiveNow('carts');
  });

  test('a volume that is initialised anew gets a prefix and a base backup of its own, and the old ones stay', async () => {
    const before = await prefixOf('orders');
    const own = ['-n', NAMESPACE];
    await kubectl(life.cluster, [...own, 'scale', 'statefulset', 'orders', '--replicas=0']);
    await kubectl(life.cluster, [...own, 'wait', 'pod/orders-0', '--for=delete', '--timeout=120s']);
    // Finished pods hold on to a claim: Kubernetes lets it go with the last of them.
    await kubectl(life.cluster, [...own, 'delete', 'jobs', '-l', 'walguard.dev/instance=orders-0']);
    await kubectl(life.cluster, [...own, 'delete', 'pvc', 'data-orders-0', '--timeout=60s']);
    await kubectl(life.cluster, [...own, 'scale', 'statefulset', 'orders', '--replicas=1']);
    const fresh = await waitFor(
      'a base backup of the new cluster',
      async () => {
        const seen = await instance('orders');
        return seen?.storagePrefix?.endsWith(before) === false && seen.lastSuccessfulBackup ? seen : undefined;
      },
      FOUND,
    );
    assert.notEqual(fresh.storagePrefix, `s3://walguard/${before}`);
    assert.ok((await listBackups(before)).length > 0, 'the old backups are there');
  });

  /** Heard of lately for as long as the test looks. */
  function soon(): string {
    return new Date(Date.now() + 300_000).toISOString();
  }

  async function found(database: string, code: RegExp): Promise<void> {
    const said = await waitFor(
      `${code} to be said of ${database}`,
      async () => {
        const seen = await life.condition(database, 'WALIntegrityCheckPassed');
        return seen?.status === 'False' && code.test(seen.message) ? seen : undefined;
      },
      FOUND,
    );
    assert.equal(said.reason, 'FindingsExist');
    const series = new RegExp(
      `^walguard_database_condition\\{.*database="${database}".*WALIntegrityCheckPassed.*status="false"`,
    );
    assert.equal(await life.metric(series), 1);
  }
});

async function isTrue(database: string, type: string): Promise<boolean> {
  return (await life.condition(database, type))?.status === 'True';
}

describe('credentials', () => {
  const secret = ['-n', SYSTEM_NAMESPACE, 'patch', 'secret', 'walguard-storage', '--type=merge', '-p'];
  const rotate = (data: Record<string, string>) => kubectl(life.cluster, [...secret, JSON.stringify({ data })]);
  const restarts = async () =>
    (await getObject(life.cluster, NAMESPACE, 'pod', 'carts-0')).status.containerStatuses.map(
      ({ restartCount }: Live) => restartCount,
    );

  async function restartStore(): Promise<void> {
    await life.scaleStore(0);
    await life.scaleStore(1);
  }

  test('that are rotated are taken up without a restart; those that the store does not know are said', async () => {
    const { data } = await getObject(life.cluster, SYSTEM_NAMESPACE, 'secret', 'walguard-storage');
    const before = await restarts();
    const fresh = { ...data, AWS_SECRET_ACCESS_KEY: Buffer.from('a-new-secret-of-the-store').toString('base64') };
    await rotate(fresh);
    // The store still knows the old ones only: to the database its own are revoked.
    await waitFor(
      'the revoked credentials to be said',
      async () => (await life.condition('carts', 'StorageReachable'))?.status === 'False',
      { timeoutMs: 240_000 },
    );
    const { message } = await life.condition('carts', 'StorageReachable');
    assert.doesNotMatch(message, /a-new-secret/);
    assert.equal(await life.metric(/^walguard_database_storage_writable\{.*database="carts"/), 0);
    await restartStore();
    await waitFor('the new ones to work', async () => isTrue('carts', 'StorageReachable'), { timeoutMs: 240_000 });
    await life.archiveNow('carts', 180_000);
    assert.deepEqual(await restarts(), before);
  });
});

describe(`a store that is away for ${STORE_DOWN} s`, () => {
  test('costs no committed row, with the sidecar killed in the middle of pushes', async () => {
    await life.sql('carts', 'create table load (id bigserial primary key, at timestamptz default clock_timestamp())');
    const seconds = STORE_DOWN + 60;
    const loop = `echo "insert into load default values" > /tmp/load.sql;
      pgbench -n -U postgres -f /tmp/load.sql -c 4 -R 200 -T ${seconds} postgres > /tmp/load.log 2>&1`;
    const exec = ['-n', NAMESPACE, 'exec', 'carts-0', '-c', 'postgres', '--', 'bash', '-c'];
    const running = kubectl(life.cluster, [...exec, loop]);
    running.catch(() => undefined);
    await sleep(10_000);
    await life.scaleStore(0);
    const until = Date.now() + STORE_DOWN * 1000;
    await sleep(STORE_DOWN * 250);
    await killSidecar(life, 'carts');
    await waitFor(
      'the backlog to be said',
      async () => (await life.condition('carts', 'ContinuousArchiving'))?.status === 'False',
    );
    await sleep(Math.max(0, until - Date.now() - 5000));
    await life.scaleStore(1);
    await killSidecar(life, 'carts');
    await running;
    await waitFor('nothing to wait any more', async () => (await waiting()) === '0', { timeoutMs: 300_000 });
    const rows = await life.sql('carts', 'select count(*) from load');
    assert.ok(Number(rows) > 100 * STORE_DOWN, rows);
    await life.archiveNow('carts', 180_000);
    const { code, stderr } = await life.restore('carts', 'carts-again', new Date().toISOString());
    assert.equal(code, 0, stderr);
    assert.equal(await life.sql('carts-again', 'select count(*) from load'), rows);
  });

  function waiting(): Promise<string> {
    return life.sql('carts', "select count(*) from pg_ls_archive_statusdir() where name like '%.ready'");
  }
});
