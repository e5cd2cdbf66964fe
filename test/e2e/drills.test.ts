// Drills on real pods: a good one proves the database, leaves evidence that anybody can check, and cleans up; faults of the
// backups are found, and trouble of the cluster is told apart. Each test starts from what the ones before it left.
import assert from 'node:assert/strict';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { API_VERSION, EXIT } from '../../src/api/names.ts';
import { down } from '../cluster/cluster.ts';
import { type CommandResult, getObject, kubectl, type Live, listObjects, waitFor } from '../support/cluster-client.ts';
import { SYSTEM_NAMESPACE } from '../support/install.ts';
import { walguard } from '../support/walguard.ts';
import { type Life, NAMESPACE, raise } from './life.ts';

const own = ['-n', NAMESPACE];

let life: Life;
let storagePrefix: string;

before(async () => {
  life = await raise('orders');
  storagePrefix = (await life.status('orders')).instances[0].storagePrefix;
  await life.sql(
    'orders',
    'create table kept (id integer primary key); insert into kept select generate_series(1, 500)',
  );
  await life.archiveNow('orders');
});

after(() => down());

const rows = { name: 'rows', sql: 'select count(*) >= 500 from kept', expect: 't' };

const WEEKLY = '0 5 * * 0';
const drillOf = (checks: readonly object[], more: object = {}) => ({
  ...{ name: 'weekly', schedule: WEEKLY, timeout: '10m', checks },
  ...more,
});

async function setDrills(checks: readonly object[], others: object = {}, ...drills: object[]): Promise<void> {
  const objectives = { rto: '10m', drillAge: '30d' };
  const spec = { drills: [drillOf(checks), ...drills], objectives, ...others };
  await kubectl(life.cluster, ['patch', 'backuppolicy', 'life', '--type=merge', '-p', JSON.stringify({ spec })]);
}

const drill = (...args: string[]) => walguard(life.cluster, 'drill', ...args, ...own);
const run = (database = 'orders', name = 'weekly') => drill('run', database, '--drill', name, '--timeout', '300');
const condition = (type: string) => life.condition('orders', type);

/** What a drill made: its pods stay as long as their Jobs do, their volumes do not. */
async function listVolumes(): Promise<string[]> {
  const claims = await listObjects(life.cluster, NAMESPACE, 'pvc', '');
  return claims.map(({ metadata }: Live) => metadata.name).filter((name: string) => name.includes('drill'));
}

describe('a drill', () => {
  test('of a new policy gets its CronJob; until it has run the database is not Protected', async () => {
    await setDrills([rows]);
    await waitFor(
      'the CronJob',
      async () => (await listObjects(life.cluster, NAMESPACE, 'cronjob', 'walguard.dev/companion=drill'))[0],
    );
    await waitFor('the condition', async () => (await condition('LastDrillSucceeded'))?.reason === 'NoDrill');
    assert.equal((await condition('Protected')).status, 'False');
  });

  test('that passes makes it so: restored, started, looked at', async () => {
    const { code, stderr } = await run();
    assert.equal(code, 0, stderr);
    assert.match(stderr, /passed: the copy took writes after [\d.]+ s; \d+ checks passed/);
    const { lastSuccessfulDrill } = await waitFor('the status', async () => {
      const seen = (await life.status('orders')).instances[0];
      return seen.lastSuccessfulDrill && seen;
    });
    assert.ok(lastSuccessfulDrill.rtoSeconds > 0);
    assert.ok(lastSuccessfulDrill.achievedRpoSeconds >= 0);
    await waitFor('LastDrillSucceeded', async () => (await condition('LastDrillSucceeded')).status === 'True');
    await waitFor('a verification', async () => (await condition('Protected')).status === 'True', {
      timeoutMs: 180_000,
    });
    assert.ok(((await life.metric(/^walguard_.*last_successful_drill_timestamp/)) ?? 0) > 0);
  });

  test('tells the next restore how long it will take', async () => {
    const { code, stderr } = await walguard(life.cluster, 'restore', 'orders', '--latest', '--plan', ...own);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /it would read base backup base_.* up to the end of the archived WAL, in about \d+s$/m);
  });

  test('leaves evidence, which is whole, signed by the key of the namespace, and checked without a cluster', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'walguard-evidence-'));
    const encoded = await kubectl(life.cluster, [
      ...own,
      'get',
      'secret',
      'walguard-evidence',
      '-o',
      'jsonpath={.data.public\\.pem}',
    ]);
    await writeFile(join(directory, 'public.pem'), Buffer.from(encoded, 'base64'));
    const html = await drill('report', 'orders', '-o', 'html');
    assert.equal(html.code, 0, html.stderr);
    await writeFile(join(directory, 'page.html'), html.stdout);
    const checked = await walguard(
      undefined,
      'drill',
      'verify-report',
      '--public-key',
      join(directory, 'public.pem'),
      join(directory, 'page.html'),
    );
    assert.equal(checked.code, 0, `${checked.stdout}${checked.stderr}`);
    await writeFile(join(directory, 'page.html'), html.stdout.replace('passed', 'Passed'));
    assert.equal((await walguard(undefined, 'drill', 'verify-report', join(directory, 'page.html'))).code, 1);
  });

  test('takes its volume with it, an hour after its end', async () => {
    const [job] = await listObjects(life.cluster, NAMESPACE, 'job', 'walguard.dev/companion=drill');
    assert.equal(job.spec.ttlSecondsAfterFinished, 3600);
    assert.notDeepEqual(await listVolumes(), [], 'until then it is there');
    const sooner = JSON.stringify({ spec: { ttlSecondsAfterFinished: 1 } });
    await kubectl(life.cluster, [...own, 'patch', 'job', job.metadata.name, '-p', sooner]);
    await waitFor('the volumes to go', async () => (await listVolumes()).length === 0);
  });

  test('that is killed leaves nothing either, and is unknown', async () => {
    const { code } = await drill('run', 'orders', '--no-wait');
    assert.equal(code, 0);
    const pod = await waitFor('its pod to run', async () =>
      (await listObjects(life.cluster, NAMESPACE, 'pod', 'walguard.dev/companion=drill')).find(
        ({ status }: Live) => status.phase === 'Running',
      ),
    );
    await kubectl(life.cluster, [...own, 'delete', 'pod', pod.metadata.name, '--grace-period=0', '--force']);
    await waitFor('the volumes to go', async () => (await listVolumes()).length === 0);
    await waitFor(
      'the result',
      async () => (await life.status('orders')).instances[0].lastDrills?.[0]?.result === 'unknown',
    );
    assert.equal((await condition('LastDrillSucceeded')).status, 'Unknown');
  });
});

const CRONJOBS = 'walguard.dev/companion=drill';

/** Until what the CronJobs of the drills say holds: a policy's change gets there through the controller. */
function followed(holds: (cronJobs: string) => boolean): Promise<unknown> {
  return waitFor('the CronJobs to follow', async () =>
    holds(JSON.stringify(await listObjects(life.cluster, NAMESPACE, 'cronjob', CRONJOBS))),
  );
}

async function assertFound(drill: Promise<CommandResult>, what: RegExp): Promise<void> {
  const { code, stderr } = await drill;
  assert.equal(code, 1, stderr);
  assert.match(stderr, what);
}

describe('a drill in another namespace', () => {
  const place = 'postgres-dr';
  const copy = () => getObject(life.cluster, place, 'secret', 'walguard-storage');
  const listThere = (kind: string) => listObjects(life.cluster, place, kind, '');

  test('is not made before both sides allow it', async () => {
    await setDrills([], { drills: [drillOf([rows], { namespace: place })] });
    await waitFor('the condition', async () => (await condition('LastDrillSucceeded'))?.reason === 'DrillNotAllowed');
    const { code, stderr } = await run();
    assert.equal(code, 3);
    assert.match(stderr, /kubectl create namespace postgres-dr/);
  });

  test('restores there, under Pod Security restricted, and proves the database', async () => {
    await kubectl(life.cluster, ['create', 'namespace', place]);
    await kubectl(life.cluster, ['label', 'namespace', place, 'pod-security.kubernetes.io/enforce=restricted']);
    await kubectl(life.cluster, ['annotate', 'namespace', place, `walguard.dev/drills-of=${NAMESPACE}`]);
    const secret = ['-n', SYSTEM_NAMESPACE, 'annotate', 'secret', 'walguard-storage'];
    await kubectl(life.cluster, [...secret, `walguard.dev/copy-to=${place}`]);
    await waitFor('the CronJob', async () => (await listThere('cronjob')).length === 1);
    await waitFor('the copy', copy);
    const { code, stderr } = await run();
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^drill postgres-dr\//);
    await waitFor('LastDrillSucceeded', async () => (await condition('LastDrillSucceeded')).status === 'True');
    assert.equal((await listThere('pvc')).length, 1);
  });

  test('goes with the policy, and takes volume and copy with it', async () => {
    await setDrills([rows]);
    await waitFor('all of it to go', async () => {
      const left = [...(await listThere('cronjob')), ...(await listThere('job')), ...(await listThere('pvc'))];
      return left.length === 0 && (await copy()) === undefined;
    });
    await waitFor(
      'the one beside the database',
      async () => (await listObjects(life.cluster, NAMESPACE, 'cronjob', 'walguard.dev/companion=drill'))[0],
    );
  });
});

describe('what a drill finds', () => {
  const archive = () => life.archiveNow('orders');
  const below = () => storagePrefix.replace('s3://walguard/', '');

  test('an answer that is not as expected: failed, with both', async () => {
    // Nobody is to mend by a new base backup what is broken here.
    await setDrills([rows, { name: 'more', sql: 'select count(*) from kept', expect: '501' }], {
      verify: { schedule: WEEKLY },
    });
    await followed((text) => text.includes('501'));
    await assertFound(run(), /failed: .*more.*501/s);
    await waitFor('the condition', async () => (await condition('LastDrillSucceeded')).status === 'False');
    assert.equal((await condition('Protected')).status, 'False');
    await setDrills([rows]);
    await followed((text) => !text.includes('501'));
  });

  test('a WAL segment that is gone, or has a flipped byte: failed; as it was: passed', async () => {
    const [, middle] = [await archive(), await archive(), await archive()];
    const file = `'${below()}/wal_005/${middle}.lz4'`;
    await life.inStore(`fs.renameSync(${file}, 'aside')`);
    await assertFound(run(), new RegExp(`failed: .*${middle}`, 's'));
    await life.inStore(
      `const bytes = fs.readFileSync('aside'); bytes[bytes.length >> 1] ^= 1; fs.writeFileSync(${file}, bytes)`,
    );
    await assertFound(run(), /failed: /);
    await life.inStore(`fs.renameSync('aside', ${file})`);
    const { code, stderr } = await run();
    assert.equal(code, 0, stderr);
  });

  test('a dump that lacks a table: failed', async () => {
    const dump = { schedule: WEEKLY, destination: { storage: {} }, keep: '30d' };
    await setDrills([rows], { dump }, { name: 'of-dumps', schedule: WEEKLY, source: 'dump', timeout: '10m' });
    await followed((text) => text.includes('of-dumps'));
    await waitFor('its CronJob', () => getObject(life.cluster, NAMESPACE, 'cronjob', 'orders-0-dump'));
    assert.equal((await life.runNow('orders-0', 'dump', 'dump-now')).exitCode, 0);
    const good = await run('orders', 'of-dumps');
    assert.equal(good.code, 0, good.stderr);
    // As if it had been dumped so: the manifest's checksum holds.
    await life.inStore(String.raw`
      const zlib = require('node:zlib'), crypto = require('node:crypto');
      const folder = path.join('${below()}/dumps', fs.readdirSync('${below()}/dumps').sort().at(-1));
      const file = path.join(folder, 'cluster.sql.gz'), list = path.join(folder, 'manifest.json');
      const text = zlib.gunzipSync(fs.readFileSync(file)).toString('utf8');
      const less = zlib.gzipSync(text.replace(/COPY public\.kept [\s\S]*?\n\\\.\n/, '')
        .replace(/CREATE TABLE public\.kept [\s\S]*?;/, '').replace(/ALTER TABLE [^;]*public\.kept[^;]*;/g, ''));
      fs.writeFileSync(file, less);
      const manifest = JSON.parse(fs.readFileSync(list, 'utf8'));
      manifest.files[0].sha256 = crypto.createHash('sha256').update(less).digest('hex');
      fs.writeFileSync(list, JSON.stringify(manifest));`);
    await assertFound(run('orders', 'of-dumps'), /failed: .*public\.kept has no rows, \d+ there/s);
  });

  test('a key that is another one: failed', async () => {
    const { spec } = await getObject(life.cluster, 'default', 'backuppolicy', 'life');
    const encryption = { method: 'libsodium', keySecret: 'seal' };
    const { dump: _dump, ...sealed } = { ...spec, encryption, drills: [drillOf([])] };
    const key = (digit: string) => ({ stringData: { key: digit.repeat(64) } });
    await life.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'seal', namespace: NAMESPACE },
      ...key('a'),
    });
    await life.apply({ apiVersion: API_VERSION, kind: 'BackupPolicy', metadata: { name: 'sealed' }, spec: sealed });
    await life.add('vault', 'sealed');
    const good = await run('vault');
    assert.equal(good.code, 0, good.stderr);
    await kubectl(life.cluster, [...own, 'patch', 'secret', 'seal', '-p', JSON.stringify(key('b'))]);
    await assertFound(run('vault'), /failed: /);
  });

  test('a base backup that was cut short: failed', async () => {
    await life.inStore(String.raw`for (const name of fs.readdirSync('${below()}/basebackups_005', { recursive: true })) {
      const file = path.join('${below()}/basebackups_005', name);
      if (/part_\d+\.tar\.lz4$/.test(name)) fs.truncateSync(file, fs.statSync(file).size - 1000);
    }`);
    await assertFound(run(), /failed: /);
  });

  test('a store that is away: unknown, which is no success', async () => {
    await life.scaleStore(0);
    await assertFound(run(), /unknown: /);
    await life.scaleStore(1);
  });

  test('an image that is gone: it waits, and says for what; the database is not touched', async () => {
    const uid = async () => (await getObject(life.cluster, NAMESPACE, 'pod', 'orders-0')).metadata.uid;
    const before = await uid();
    const containers = [{ name: 'postgres', image: 'docker.io/library/postgres:gone' }];
    const spec = { updateStrategy: { type: 'OnDelete', rollingUpdate: null }, template: { spec: { containers } } };
    await kubectl(life.cluster, [...own, 'patch', 'statefulset', 'orders', '-p', JSON.stringify({ spec })]);
    await followed((text) => text.includes('postgres:gone'));
    const { code, stderr } = await drill('run', 'orders', '--drill', 'weekly', '--timeout', '30');
    assert.equal(code, EXIT.timeout, stderr);
    assert.match(stderr, /does not start: \w+: .*postgres:gone/);
    assert.equal(await uid(), before);
  });
});
