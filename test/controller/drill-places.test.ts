// Namespaces that take in drills of others': what is copied there, for how long, and what databases are told.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { BackupPolicy } from '../../src/api/backup-policy.ts';
import type { KubeObject, StatefulSet } from '../../src/api/kubernetes.ts';
import { LABEL } from '../../src/api/names.ts';
import { drillName } from '../../src/companion/instance.ts';
import { type DrillPlaces, keepDrillPlaces } from '../../src/controller/drill-places.ts';
import type { Secret } from '../../src/controller/secrets.ts';
import { createFakeKube, type FakeKube } from '../support/fake-kube.ts';
import { createRecordedLog, type RecordedLog } from '../support/recorded-log.ts';
import { buildWorkload } from '../support/workloads.ts';
import { POLICY } from '../support/world.ts';

const FROM = 'walguard-system';
const BUCKET = 'walguard-storage';
const DRILLED: BackupPolicy = {
  ...POLICY,
  spec: { ...POLICY.spec, drills: [{ name: 'monthly', schedule: '0 6 1 * *', namespace: 'dr' }] },
};
const OPTIONS = { namespace: FROM, storageSecret: BUCKET, copyStorageSecret: true, copySecrets: [] };

function source(copyTo?: string, data: Record<string, string> = { key: 'b2xk' }): Secret {
  const annotations = copyTo === undefined ? {} : { 'walguard.dev/copy-to': copyTo };
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: BUCKET, namespace: FROM, annotations }, data };
}

function namespace(drillsOf: string, name = 'dr'): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, annotations: { 'walguard.dev/drills-of': drillsOf } },
  };
}

function database(inNamespace: string, name = 'orders'): StatefulSet {
  const workload = buildWorkload({ policy: 'standard' });
  Object.assign(workload.metadata, { namespace: inNamespace, name, uid: `uid-in-${inNamespace}` });
  return workload;
}

function cronJob(home: string, uid: string): KubeObject {
  const labels = { [LABEL.database]: 'orders', [LABEL.companion]: 'drill', [LABEL.databaseNamespace]: home };
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: `drill-of-${home}`, namespace: 'dr', uid, labels },
  };
}

interface Stage {
  readonly kube: FakeKube;
  readonly places: DrillPlaces;
  readonly recorded: RecordedLog;
  readonly databases: StatefulSet[];
  readonly cronJobs: KubeObject[];
  readonly news: string[];
  readonly lookAgain: () => Promise<void>;
  readonly leave: (home?: string) => unknown;
  /** Data and owners of the copy. */
  readonly copy: () => [unknown, string[]] | undefined;
  readonly put: (object: KubeObject) => void;
}

function start(context: TestContext, objects: readonly KubeObject[], options: Partial<typeof OPTIONS> = {}): Stage {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const end = new AbortController();
  context.after(() => end.abort());
  const kube = createFakeKube(...objects);
  const recorded = createRecordedLog();
  const databases = [database('shop')];
  const cronJobs: KubeObject[] = [];
  const news: string[] = [];
  const needs = {
    isReady: () => true,
    protectedAll: () => databases,
    protectedIn: (each: string) => databases.filter(({ metadata }) => metadata.namespace === each),
    policies: () => [DRILLED],
    cronJobs: () => cronJobs,
    onNews: (home: string, name: string) => void news.push(`${home}/${name}`),
  };
  const places = keepDrillPlaces(kube, { ...OPTIONS, ...options }, needs, recorded.log, end.signal);
  const settle = async () => {
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
  };
  const lookAgain = async () => {
    await settle();
    context.mock.timers.tick(30_000);
    await settle();
    context.mock.timers.tick(1000);
    await settle();
  };
  const find = () => kube.objects.find(({ metadata }) => metadata.namespace === 'dr') as Secret | undefined;
  const copy = (): [unknown, string[]] | undefined => {
    const live = find();
    return live && [live.data, (live.metadata.ownerReferences ?? []).map(({ uid }) => uid)];
  };
  const put = (object: KubeObject) => {
    const isSame = ({ kind, metadata }: KubeObject) =>
      kind === object.kind &&
      metadata.name === object.metadata.name &&
      metadata.namespace === object.metadata.namespace;
    const at = kube.objects.findIndex(isSame);
    kube.objects.splice(at < 0 ? kube.objects.length : at, 1, object);
  };
  const leave = (home = 'shop') => places.find(home, 'orders').get('dr');
  return { kube, places, recorded, databases, cronJobs, news, lookAgain, leave, copy, put };
}

test('nothing is told before the first look, and nothing is copied before there is a drill', async (context) => {
  const stage = start(context, [namespace('shop'), source('dr')]);
  assert.equal(stage.leave(), undefined);
  await stage.lookAgain();
  assert.equal(stage.leave(), 'given');
  assert.deepEqual(stage.news, ['shop/orders']);
  assert.deepEqual(stage.kube.writes, []);
});

test('a copy is owned by the drills there, follows its source, and steady state costs no writes', async (context) => {
  const stage = start(context, [namespace('shop'), source('dr')]);
  stage.cronJobs.push(cronJob('shop', 'u1'));
  await stage.lookAgain();
  assert.deepEqual(stage.copy(), [{ key: 'b2xk' }, ['u1']]);
  stage.put(source('dr', { key: 'bmV3' }));
  await stage.lookAgain();
  assert.deepEqual(stage.copy(), [{ key: 'bmV3' }, ['u1']]);
  const { length } = stage.kube.writes;
  await stage.lookAgain();
  assert.equal(stage.kube.writes.length, length);
  stage.cronJobs.splice(0, 1, cronJob('shop', 'u2'));
  await stage.lookAgain();
  assert.deepEqual(stage.copy()?.[1], ['u2']);
});

test('without the leave of both sides nothing is copied, and what is missing is told', async (context) => {
  const stage = start(context, [namespace('bank'), source()]);
  stage.cronJobs.push(cronJob('shop', 'u1'));
  await stage.lookAgain();
  assert.match(JSON.stringify(stage.leave()), /annotate namespace dr --overwrite walguard.dev\/drills-of=bank,shop/);
  stage.put(namespace('shop'));
  await stage.lookAgain();
  assert.match(JSON.stringify(stage.leave()), /annotate secret walguard-storage --overwrite walguard.dev\/copy-to=dr/);
  assert.deepEqual(stage.kube.writes, []);
  stage.put(source('dr'));
  await stage.lookAgain();
  assert.equal(stage.leave(), 'given');
  assert.deepEqual(stage.copy(), [{ key: 'b2xk' }, ['u1']]);
  assert.equal(stage.news.length, 3);
});

test('of two namesakes in two namespaces each needs its own leave, and owns the copy for itself alone', async (context) => {
  const stage = start(context, [namespace('bank'), source('*')]);
  stage.databases.push(database('bank'));
  stage.cronJobs.push(cronJob('shop', 'of-shop'), cronJob('bank', 'of-bank'));
  await stage.lookAgain();
  assert.equal(stage.leave('bank'), 'given');
  assert.equal(typeof stage.leave('shop'), 'object');
  assert.deepEqual(stage.copy()?.[1], ['of-bank']);
});

test("a person's own Secret there stays as it is", async (context) => {
  const own = { ...source(), metadata: { name: BUCKET, namespace: 'dr' } };
  const stage = start(context, [namespace('shop'), source(), own]);
  stage.cronJobs.push(cronJob('shop', 'u1'));
  await stage.lookAgain();
  assert.equal(stage.leave(), 'given');
  assert.deepEqual(stage.kube.writes, []);
});

test('where a database there needs the Secret, it is kept for that one', async (context) => {
  const stage = start(context, [namespace('shop'), source('dr')]);
  stage.databases.push(database('dr'));
  stage.cronJobs.push(cronJob('shop', 'u1'));
  await stage.lookAgain();
  assert.equal(stage.leave(), 'given');
  assert.deepEqual(stage.kube.writes, []);
});

test('where the chart copies nothing, no Secret is looked at: a person makes them', async (context) => {
  const stage = start(context, [namespace('shop')], { copyStorageSecret: false });
  stage.cronJobs.push(cronJob('shop', 'u1'));
  await stage.lookAgain();
  assert.equal(stage.leave(), 'given');
  assert.deepEqual(stage.kube.writes, []);
});

test('while the API server fails, what was known stands, and no secret is in the log', async (context) => {
  const stage = start(context, [namespace('shop'), source('dr')]);
  await stage.lookAgain();
  stage.kube.failWith(new Error('the API server is away'));
  await stage.lookAgain();
  assert.equal(stage.leave(), 'given');
  assert.match(stage.recorded.text(), /the API server is away/);
  assert.ok(!stage.recorded.text().includes('b2xk'));
});

test('a database that does not ask for it any more is told nothing', async (context) => {
  const stage = start(context, [namespace('shop'), source('dr')]);
  await stage.lookAgain();
  stage.databases.splice(0, 1);
  await stage.lookAgain();
  assert.equal(stage.leave(), undefined);
});

test("a person's CronJob of the name that a drill would have is told, and nothing is copied", async (context) => {
  const name = drillName('orders-0', 'monthly', 'shop');
  const own = { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name, namespace: 'dr' } };
  const stage = start(context, [namespace('shop'), source('dr'), own]);
  stage.cronJobs.push(cronJob('shop', 'u1'));
  await stage.lookAgain();
  assert.match(JSON.stringify(stage.leave()), new RegExp(`CronJob .*${name}.* that is not walguard's`));
  assert.deepEqual(stage.kube.writes, []);
});
