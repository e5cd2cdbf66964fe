// Drills on real pods: a good one proves the database, leaves evidence that anybody can check, and cleans up; faults of the
// backups are found, and trouble of the cluster is told apart. Each test starts from what the ones before it left.
import assert from 'node:assert/strict';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { repositoryDir } from '../cluster/checkout.ts';
import { down } from '../cluster/cluster.ts';
import { type CommandResult, kubectl, type Live, listObjects, tryCommand, waitFor } from '../support/cluster-client.ts';
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

const rows = { name: 'rows', sql: 'select count(*) >= 500 from kept', expect: 'true' };

async function setDrills(...checks: object[]): Promise<void> {
  const drills = [{ name: 'weekly', schedule: '0 5 * * 0', timeout: '10m', checks }];
  const spec = { drills, objectives: { rto: '10m', drillAge: '30d' } };
  await kubectl(life.cluster, ['patch', 'backuppolicy', 'life', '--type=merge', '-p', JSON.stringify({ spec })]);
}

function walguard(...args: string[]): Promise<CommandResult> {
  return tryCommand(process.execPath, [`${repositoryDir}/src/main.ts`, 'drill', ...args]);
}

const there = () => [...own, '--kubeconfig', life.cluster.kubeconfig];
const run = () => walguard('run', 'orders', ...there(), '--timeout', '300');
const condition = (type: string) => life.condition('orders', type);

/** What a drill made: its pods stay as long as their Jobs do, their volumes do not. */
async function listVolumes(): Promise<string[]> {
  const claims = await listObjects(life.cluster, NAMESPACE, 'pvc', '');
  return claims.map(({ metadata }: Live) => metadata.name).filter((name: string) => name.includes('drill'));
}

describe('a drill', () => {
  test('of a new policy gets its CronJob; until it has run the database is not Protected', async () => {
    await setDrills(rows);
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
    const html = await walguard('report', 'orders', ...there(), '-o', 'html');
    assert.equal(html.code, 0, html.stderr);
    await writeFile(join(directory, 'page.html'), html.stdout);
    const checked = await walguard(
      'verify-report',
      '--public-key',
      join(directory, 'public.pem'),
      join(directory, 'page.html'),
    );
    assert.equal(checked.code, 0, `${checked.stdout}${checked.stderr}`);
    await writeFile(join(directory, 'page.html'), html.stdout.replace('passed', 'Passed'));
    assert.equal((await walguard('verify-report', join(directory, 'page.html'))).code, 1);
  });

  test('takes its volume with it', async () => {
    await kubectl(life.cluster, [...own, 'delete', 'job', '-l', 'walguard.dev/companion=drill']);
    await waitFor('the volumes to go', async () => (await listVolumes()).length === 0);
  });

  test('that is killed leaves nothing either, and is unknown', async () => {
    const { code } = await walguard('run', 'orders', ...there(), '--no-wait');
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

describe('what a drill finds', () => {
  test('an answer that is not as expected: failed, with both', async () => {
    await setDrills(rows, { name: 'more', sql: 'select count(*) from kept', expect: '501' });
    await waitFor('the CronJob to have it', async () =>
      JSON.stringify(await listObjects(life.cluster, NAMESPACE, 'cronjob', 'walguard.dev/companion=drill')).includes(
        '501',
      ),
    );
    const { code, stderr } = await run();
    assert.equal(code, 1);
    assert.match(stderr, /failed: .*more.*501/s);
    await waitFor('the condition', async () => (await condition('LastDrillSucceeded')).status === 'False');
    assert.equal((await condition('Protected')).status, 'False');
    await setDrills(rows);
    await waitFor(
      'the CronJob to have it',
      async () =>
        !JSON.stringify(await listObjects(life.cluster, NAMESPACE, 'cronjob', 'walguard.dev/companion=drill')).includes(
          '501',
        ),
    );
  });

  test('a base backup that was cut short: failed', async () => {
    const prefix = storagePrefix.replace('s3://walguard/', '');
    const cut = `for (const name of fs.readdirSync('${prefix}/basebackups_005', { recursive: true })) {
      const file = path.join('${prefix}/basebackups_005', name);
      if (/part_\\d+\\.tar\\.lz4$/.test(name)) fs.truncateSync(file, fs.statSync(file).size - 1000);
    }`;
    await life.inStore(cut);
    const { code, stderr } = await run();
    assert.equal(code, 1);
    assert.match(stderr, /failed: /);
  });

  test('a store that is away: unknown, which is no success', async () => {
    await life.scaleStore(0);
    const { code, stderr } = await run();
    assert.equal(code, 1);
    assert.match(stderr, /unknown: /);
    await life.scaleStore(1);
  });
});
