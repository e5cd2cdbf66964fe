// The runbooks of the README on real pods, as they are written there, one after the other on one database: a dropped table, a
// damaged file, a node that is lost with its disk, a cluster of which only the bucket is left.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ANNOTATION } from '../../src/api/names.ts';
import { repositoryDir } from '../cluster/checkout.ts';
import { buildWalguardImage, type Cluster, down, loseNode, up } from '../cluster/cluster.ts';
import { getObject, helm, kubectl, type Live, listObjects, psql, waitFor } from '../support/cluster-client.ts';
import { buildPostgres, buildSurroundings, installChart, SYSTEM_NAMESPACE } from '../support/install.ts';
import { blockOf, runBlock } from '../support/runbooks.ts';

const NAMESPACE = 'shop';
const POD = 'orders-0';
const own = ['-n', NAMESPACE];
const STORE = 'app.kubernetes.io/component=object-store';

let cluster: Cluster;
/** Where the runbooks are typed: with the files that they name, and in `bin` the programs. */
let workspace: string;

before(async () => {
  cluster = await up({ nodes: 2 });
  const image = await buildWalguardImage(cluster);
  await installChart(cluster, image);
  workspace = await makeWorkspace(image);
  await startAwayFromTheStore();
  await waitFor('the first base backup', async () => (await instance())?.lastSuccessfulBackup);
  await sql('create table items (n integer); insert into items values (1), (2), (3)');
  await sql('create table ledger (n integer); insert into ledger values (1)');
});

after(async () => {
  await down();
  await rm(workspace, { recursive: true, force: true });
});

async function makeWorkspace(image: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'walguard-runbooks-'));
  const programs = join(directory, 'bin');
  await mkdir(programs);
  await symlink(cluster.kubectl, join(programs, 'kubectl'));
  await symlink(cluster.helm, join(programs, 'helm'));
  const walguard = `#!/bin/bash\nexec ${process.execPath} ${repositoryDir}/src/main.ts "$@"\n`;
  await writeFile(join(programs, 'walguard'), walguard, { mode: 0o755 });
  await symlink(join(repositoryDir, 'chart'), join(directory, 'chart'));
  const colon = image.lastIndexOf(':');
  const values = { image: { repository: image.slice(0, colon), tag: image.slice(colon + 1) } };
  await writeFile(join(directory, 'values.yaml'), JSON.stringify(values));
  await writeFile(join(directory, 'orders.yaml'), buildOrders());
  return directory;
}

/** With a group that may write beside PGDATA, which a restore in place needs. */
function buildOrders(): string {
  const place = { namespace: NAMESPACE, name: 'orders' };
  const postgres = buildPostgres({ ...place, annotations: { [ANNOTATION.policy]: 'standard' } });
  const group = '      securityContext:\n        fsGroup: 999\n        fsGroupChangePolicy: OnRootMismatch\n';
  const withGroup = postgres.replace('      containers:\n', `${group}      containers:\n`);
  return `${buildSurroundings(place)}---\n${withGroup}`;
}

/** The bucket is the one thing that outlives node and cluster, and here it lies on a node. */
async function startAwayFromTheStore(): Promise<void> {
  const [store] = await listObjects(cluster, SYSTEM_NAMESPACE, 'pod', STORE);
  const { nodeName } = store.spec;
  await kubectl(cluster, ['cordon', nodeName]);
  await kubectl(cluster, ['apply', '-f', join(workspace, 'orders.yaml')]);
  await kubectl(cluster, [...own, 'rollout', 'status', 'statefulset/orders', '--timeout=180s']);
  await kubectl(cluster, ['uncordon', nodeName]);
}

const sql = (statement: string, pod = POD) => psql(cluster, NAMESPACE, pod, statement);
const rowsOf = (table: string, pod = POD) =>
  sql(`select coalesce(string_agg(n::text, ',' order by n), '') from ${table}`, pod);
const pod = (name = POD): Promise<Live> => getObject(cluster, NAMESPACE, 'pod', name);
const instance = async (): Promise<Live> =>
  (await getObject(cluster, NAMESPACE, 'protecteddatabase', 'orders'))?.status?.instances?.[0];

/** What one block prints. */
async function follow(context: TestContext, heading: string, index = 0): Promise<string> {
  const begun = performance.now();
  const env = { KUBECONFIG: cluster.kubeconfig };
  const { code, stdout, stderr } = await runBlock(blockOf(heading, index), workspace, join(workspace, 'bin'), env);
  context.diagnostic(`${heading}: ${Math.round((performance.now() - begun) / 1000)} s`);
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  return `${stdout}\n${stderr}`;
}

/** Closes a segment and waits until it is archived. */
async function archiveNow(): Promise<void> {
  const name = (await sql('select txid_current(); select pg_walfile_name(pg_switch_wal());')).split('\n').at(-1);
  const isArchived = `select last_archived_wal >= '${name}' or exists (select from pg_ls_archive_statusdir() where name = '${name}.done') from pg_stat_archiver`;
  await waitFor(`${name} to be archived`, async () => (await sql(isArchived)) === 't', { timeoutMs: 60_000 });
}

/** As a cluster of its own, with a base backup of its own: what comes next begins there. */
async function assertProtectedAnew(before: string): Promise<string> {
  const now = await waitFor('it to be protected again', async () => {
    const seen = await instance();
    const { conditions = [] } = (await getObject(cluster, NAMESPACE, 'protecteddatabase', 'orders'))?.status ?? {};
    const isTrue = (type: string) => conditions.some((each: Live) => each.type === type && each.status === 'True');
    const isNew = seen?.clusterId !== before && /-r\d{14}$/.test(seen?.clusterId ?? '');
    return isNew && seen.lastSuccessfulBackup && isTrue('ContinuousArchiving') && isTrue('LastBackupSucceeded') && seen;
  });
  await archiveNow();
  return now.clusterId;
}

describe('the runbook', () => {
  let clusterId: string;

  before(async () => {
    ({ clusterId } = await instance());
    // "1 minute ago" is what the runbooks say.
    await sleep(62_000);
  });

  test('"Dropped table" brings it back into the running database, which loses nothing', async (context) => {
    await sql('insert into ledger values (2); drop table items');
    const { uid } = (await pod()).metadata;
    assert.match(await follow(context, 'Dropped table'), /^COPY 3$/m);
    assert.equal(await rowsOf('items'), '1,2,3');
    assert.equal(await rowsOf('ledger'), '1,2');
    assert.equal((await pod()).metadata.uid, uid);
    await follow(context, 'Dropped table', 1);
    assert.equal(await getObject(cluster, NAMESPACE, 'statefulset', 'orders-before'), undefined);
  });

  test('"Restore now" has everything as of then in a new StatefulSet', async (context) => {
    await sql('insert into ledger values (3)');
    const said = await follow(context, 'Restore now');
    assert.match(said, /"from":"[^"]+"/);
    assert.match(said, /it would read base backup/);
    assert.match(said, /Completed: StatefulSet "orders-restored" is promoted and archives on its own/);
    assert.match(said, /public \| ledger/);
    assert.match(await rowsOf('ledger', 'orders-restored-0'), /^1(,2)?$/);
    assert.equal(await rowsOf('ledger'), '1,2,3');
    await kubectl(cluster, [...own, 'delete', 'restore/orders-restored', 'statefulset/orders-restored']);
  });

  test('"Corrupted database" replaces data with which Postgres does not start, and keeps them', async (context) => {
    await sql('insert into ledger values (4)');
    await archiveNow();
    // What the first bytes say, which cluster this is, is left.
    const damage = 'dd if=/dev/zero of=$PGDATA/global/pg_control bs=1 seek=64 count=64 conv=notrunc; kill -QUIT 1';
    await kubectl(cluster, [...own, 'exec', POD, '-c', 'postgres', '--', 'bash', '-c', damage]);
    await waitFor('Postgres to fail to start', async () => {
      const { containerStatuses = [] } = (await pod()).status;
      return containerStatuses.find(({ name }: Live) => name === 'postgres')?.restartCount >= 2;
    });
    const said = await follow(context, 'Corrupted database');
    assert.match(said, /incorrect checksum in control file/);
    assert.match(said, /Completed: .*The old data are kept in \S+pgdata\.before-.*walguard restore --undo/);
    assert.equal(await rowsOf('ledger'), '1,2,3,4');
    assert.equal(await rowsOf('items'), '1,2,3');
    clusterId = await assertProtectedAnew(clusterId);
  });

  test('"Lost node" has the database on another one, under its own name', async (context) => {
    await sql('insert into ledger values (5)');
    await archiveNow();
    const { nodeName } = (await pod()).spec;
    await loseNode(cluster, nodeName);
    const said = await follow(context, 'Lost node');
    assert.match(said, /Completed: PersistentVolumeClaim "data-orders-0" holds base backup/);
    assert.notEqual((await pod()).spec.nodeName, nodeName);
    assert.equal(await rowsOf('ledger'), '1,2,3,4,5');
    assert.equal(await rowsOf('items'), '1,2,3');
    const volumes = JSON.parse(await kubectl(cluster, ['get', 'pv', '-o', 'json'])).items;
    const released = volumes.filter(({ status }: Live) => status.phase === 'Released');
    assert.ok(released.some(({ spec }: Live) => spec.claimRef.name === 'data-orders-0'));
    clusterId = await assertProtectedAnew(clusterId);
  });

  test('"Lost cluster" has the database back from the bucket alone', async (context) => {
    await sql('insert into ledger values (6)');
    await archiveNow();
    await loseAllButTheBucket();
    const said = await follow(context, 'Lost cluster');
    assert.match(said, /Completed: PersistentVolumeClaim "data-orders-0" holds base backup/);
    // Only the newest of the clusters in that folder has the last row.
    assert.equal(await rowsOf('ledger'), '1,2,3,4,5,6');
    assert.equal(await rowsOf('items'), '1,2,3');
    await assertProtectedAnew(clusterId);
  });
});

/** No walguard, nothing that it knew, no database: as a new cluster is, but for the bucket and its credentials. */
async function loseAllButTheBucket(): Promise<void> {
  await helm(cluster, ['uninstall', 'walguard', '-n', SYSTEM_NAMESPACE, '--wait']);
  await kubectl(cluster, ['delete', 'namespace', NAMESPACE, '--timeout=180s']);
  const names = (await kubectl(cluster, ['get', 'crd', '-o', 'name']))
    .split('\n')
    .filter((name) => name.includes('walguard.dev'));
  assert.ok(names.length > 0);
  await kubectl(cluster, ['delete', ...names, '--timeout=60s']);
}
