// Drills of two namesakes of two namespaces in a third one, against a real API server: the leave of both sides, by the commands
// that the condition itself names; copies that follow their source; and that all of it goes again. There are no nodes: pods and
// sidecars say what they would say.
import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import { API_VERSION, LABEL } from '../../src/api/names.ts';
import type { DrillReport } from '../../src/api/reports.ts';
import { manage } from '../../src/controller/manage.ts';
import { createKube, loadKubeConfig } from '../../src/kube/client.ts';
import { createFeed } from '../../src/kube/feed.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { type Cluster, down, up } from '../cluster/cluster.ts';
import { getObject, kubectl, type Live, listObjects, tryKubectl, waitFor } from '../support/cluster-client.ts';
import { injected } from '../support/injected.ts';
import { buildSurroundings, SYSTEM_NAMESPACE } from '../support/install.ts';
import { OPTIONS } from '../support/managed.ts';
import { walguard } from '../support/walguard.ts';
import { buildWorkload } from '../support/workloads.ts';
import { buildSidecarStatus, SYSTEM_IDENTIFIER } from '../support/world.ts';

const root = dirname(dirname(import.meta.dirname));
const DR = 'postgres-dr';
const SECRET = 'walguard-storage';
const HOMES = ['shop', 'bank'] as const;
/** A look each 30 s, and a status whose words alone changed waits as long. */
const WAIT = { timeoutMs: 100_000, everyMs: 500 };

let cluster: Cluster;
const end = new AbortController();

before(async () => {
  cluster = await up({ apiOnly: true });
  await kubectl(cluster, ['apply', '--server-side', '-f', join(root, 'chart', 'crds')]);
  await kubectl(cluster, ['create', 'namespace', SYSTEM_NAMESPACE]);
  await make({ apiVersion: 'v1', kind: 'Secret', metadata: { name: SECRET, namespace: SYSTEM_NAMESPACE } }, 'old');
  await setDrills([{ name: 'monthly', schedule: '0 6 1 1 *', namespace: DR }]);
  for (const home of HOMES) await makeDatabase(home);
  const config = loadKubeConfig({ kubeconfig: cluster.kubeconfig });
  const log = createLogger('test', { write: () => undefined });
  const managing = {
    kube: createKube(config, { signal: end.signal }),
    feed: createFeed(config, { signal: end.signal }),
    log,
    health: { noteGood: () => undefined },
  };
  // Each pod has an address of its own, by the place of its namespace in the list.
  const ask = async (address: string) => statusOf(HOMES[Number(address.split('.').at(-1)) - 1] ?? 'shop');
  void manage({ ...OPTIONS, copyStorageSecret: true, ask }, managing, end.signal);
});

after(async () => {
  end.abort();
  await down({ apiOnly: true });
});

function statusOf(home: string) {
  return buildSidecarStatus({ storagePrefix: `s3://backups/${home}/orders/15/${SYSTEM_IDENTIFIER}` });
}

async function make(object: KubeObject, password?: string): Promise<void> {
  const stringData = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: password };
  const whole = password === undefined ? object : { ...object, stringData };
  await kubectl(cluster, ['apply', '--server-side', '--force-conflicts', '-f', '-'], JSON.stringify(whole));
}

async function setDrills(drills: readonly object[]): Promise<void> {
  const storage = { s3: { prefix: 's3://backups', credentialsSecret: SECRET } };
  await make({
    apiVersion: API_VERSION,
    kind: 'BackupPolicy',
    metadata: { name: 'standard' },
    spec: { storage, drills },
  });
}

async function makeDatabase(home: (typeof HOMES)[number]): Promise<void> {
  await kubectl(cluster, ['apply', '-f', '-'], buildSurroundings({ namespace: home, name: 'orders' }));
  const workload = injected(buildWorkload({ policy: 'standard' }));
  workload.metadata.namespace = home;
  await make(workload);
  await waitFor('its pod', () => getObject(cluster, home, 'pod', 'orders-0'), WAIT);
  const podIP = `10.9.9.${HOMES.indexOf(home) + 1}`;
  await setPodStatus(home, 'orders-0', { phase: 'Running', podIP, podIPs: [{ ip: podIP }] });
}

async function setPodStatus(namespace: string, pod: string, status: object): Promise<void> {
  const patch = ['--subresource=status', '--type=merge', '-p', JSON.stringify({ status })];
  await kubectl(cluster, ['-n', namespace, 'patch', 'pod', pod, ...patch]);
}

async function conditionOf(home: string): Promise<Live> {
  const database = await getObject(cluster, home, 'protecteddatabase', 'orders');
  return database?.status?.conditions?.find(({ type }: Live) => type === 'LastDrillSucceeded');
}

const listDrills = () => listObjects(cluster, DR, 'cronjob', `${LABEL.companion}=drill`);
const homesOf = (objects: readonly Live[]) =>
  objects.map(({ metadata }: Live) => metadata.labels[LABEL.databaseNamespace]).sort();
const readCopy = () => getObject(cluster, DR, 'secret', SECRET);

/** @returns the commands in the condition, once they are others than before */
function nextCommands(home: string, before: readonly string[] = []): Promise<string[]> {
  return waitFor(
    `what ${home} lacks after ${before.join('; ')}`,
    async () => {
      const { reason, message } = await conditionOf(home);
      const commands = [...message.matchAll(/: (kubectl [^;]+)/g)].map(([, command = '']) => command);
      return reason === 'DrillNotAllowed' && commands.join() !== before.join() && commands;
    },
    WAIT,
  );
}

async function follow(commands: readonly string[]): Promise<void> {
  for (const command of commands) await kubectl(cluster, command.split(' ').slice(1));
}

test('nothing is made until both sides allow it, by the commands that are told', async () => {
  const letGo = `kubectl -n ${SYSTEM_NAMESPACE} annotate secret ${SECRET} --overwrite walguard.dev/copy-to=${DR}`;
  const first = await nextCommands('shop');
  assert.deepEqual(first, [`kubectl create namespace ${DR}`, letGo]);
  await follow(first);
  const second = await nextCommands('shop', first);
  assert.deepEqual(second, [`kubectl annotate namespace ${DR} --overwrite walguard.dev/drills-of=shop`]);
  assert.deepEqual([await listDrills(), await readCopy()], [[], undefined]);
  await follow(second);
  await waitFor('the drill of shop', async () => (await listDrills()).length === 1, WAIT);
  await waitFor('the copy', readCopy, WAIT);
  await waitFor('its condition', async () => (await conditionOf('shop')).reason === 'NoDrill', WAIT);
  // Nobody allowed that of bank, and nothing runs beside a database instead.
  assert.deepEqual(homesOf(await listDrills()), ['shop']);
  for (const home of HOMES) {
    assert.deepEqual(await listObjects(cluster, home, 'cronjob', `${LABEL.companion}=drill`), []);
    assert.equal(await getObject(cluster, home, 'secret', 'walguard-evidence'), undefined);
  }
});

test('a namesake of another namespace has its own drill beside it, and shares the copy', async () => {
  const takeIn = `kubectl annotate namespace ${DR} --overwrite walguard.dev/drills-of=shop,bank`;
  const isTold = async () => (await conditionOf('bank')).message.endsWith(takeIn);
  await waitFor('what bank lacks', isTold, WAIT);
  await follow([takeIn]);
  await waitFor('both drills', async () => (await listDrills()).length === 2, WAIT);
  const drills = await listDrills();
  assert.deepEqual(homesOf(drills), ['bank', 'shop']);
  const owners = async () => (await readCopy()).metadata.ownerReferences?.map(({ uid }: Live) => uid).sort();
  const uids = drills.map(({ metadata }: Live) => metadata.uid).sort();
  await waitFor('both to own the copy', async () => JSON.stringify(await owners()) === JSON.stringify(uids), WAIT);
});

test('the copy follows its source', async () => {
  await make({ apiVersion: 'v1', kind: 'Secret', metadata: { name: SECRET, namespace: SYSTEM_NAMESPACE } }, 'new');
  const isNew = async () => Buffer.from((await readCopy()).data.AWS_SECRET_ACCESS_KEY, 'base64').toString() === 'new';
  await waitFor('the new credentials', isNew, WAIT);
});

test("`drill run` runs the one of the namespace that was named, and what comes of it is that database's alone", async () => {
  const run = await walguard(cluster, 'drill', 'run', 'orders', '-n', 'shop', '--no-wait');
  assert.equal(run.code, 0, run.stderr);
  assert.match(run.stderr, new RegExp(`^drill ${DR}/`));
  const pod = await waitFor('its pod', async () => (await listObjects(cluster, DR, 'pod', 'job-name'))[0], WAIT);
  assert.equal(pod.metadata.labels[LABEL.databaseNamespace], 'shop');
  const finishedAt = new Date().toISOString();
  const drill = { name: 'monthly', finishedAt, result: 'passed' as const, message: 'it came back' };
  const report: DrillReport = { ok: true, drill, clusterId: SYSTEM_IDENTIFIER };
  const terminated = {
    exitCode: 0,
    reason: 'Completed',
    message: JSON.stringify(report),
    startedAt: finishedAt,
    finishedAt,
  };
  const [{ name, image }] = pod.spec.containers;
  const ended = { name, image, imageID: '', ready: false, restartCount: 0, state: { terminated } };
  await setPodStatus(DR, pod.metadata.name, { phase: 'Succeeded', containerStatuses: [ended] });
  await waitFor('shop to be proven', async () => (await conditionOf('shop')).status === 'True', WAIT);
  assert.equal((await conditionOf('bank')).reason, 'NoDrill');
});

test('with a database its drill goes, with the last one the copy; what a person made there stays', async () => {
  await make({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'mine', namespace: DR } }, 'mine');
  await kubectl(cluster, ['-n', 'bank', 'delete', 'statefulset', 'orders', '--cascade=orphan']);
  await waitFor('the drill of bank to go', async () => homesOf(await listDrills()).join() === 'shop', WAIT);
  assert.ok(await readCopy());
  await setDrills([]);
  await waitFor('the drill of shop to go', async () => (await listDrills()).length === 0, WAIT);
  await waitFor('the copy to go', async () => (await readCopy()) === undefined, WAIT);
  assert.ok(await getObject(cluster, DR, 'secret', 'mine'));
  assert.equal((await tryKubectl(cluster, ['get', 'namespace', DR])).code, 0);
});
