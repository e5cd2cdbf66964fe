// The controller on a real API server, killed at each of its writes and started anew: the same objects as without.
import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import { createKube, type Kube, loadKubeConfig } from '../../src/kube/client.ts';
import { type Cluster, down, up } from '../cluster/cluster.ts';
import { kubectl, waitFor } from '../support/cluster-client.ts';
import { type CountingProxy, startCountingProxy } from '../support/counting-proxy.ts';
import { injected } from '../support/injected.ts';
import { type Controller, startController } from '../support/managed.ts';
import { buildWorkload } from '../support/workloads.ts';
import { POLICY } from '../support/world.ts';

const root = dirname(dirname(import.meta.dirname));
let cluster: Cluster;
let kube: Kube;
let proxy: CountingProxy;
let onWrite: (number: number) => void = () => undefined;

before(async () => {
  cluster = await up({ apiOnly: true });
  kube = createKube(loadKubeConfig({ kubeconfig: cluster.kubeconfig }));
  await kubectl(cluster, ['apply', '--server-side', '-f', join(root, 'chart', 'crds')]);
  await kube.create(POLICY as object as KubeObject);
  proxy = await startCountingProxy(cluster.kubeconfig, (number) => onWrite(number));
});

after(async () => {
  await proxy?.close();
  await down({ apiOnly: true });
});

const KINDS = [
  { apiVersion: 'batch/v1', kind: 'CronJob' },
  { apiVersion: 'v1', kind: 'Service' },
  { apiVersion: 'walguard.dev/v1alpha1', kind: 'ProtectedDatabase' },
] as const;

/** Name, what was applied, and the conditions without their times. */
async function describe(namespace: string): Promise<unknown[]> {
  const lists = await Promise.all(KINDS.map((kind) => kube.list(kind, { namespace })));
  return lists.flat().map(({ kind, metadata, spec, status }) => {
    const { conditions = [] } = (status ?? {}) as { conditions?: { type: string; status: string; reason: string }[] };
    const { schedule, selector } = (spec ?? {}) as { schedule?: string; selector?: object };
    const said = conditions.map((each) => `${each.type} ${each.status} ${each.reason}`);
    return { kind, name: metadata.name, schedule, selector, said };
  });
}

async function createDatabase(namespace: string): Promise<void> {
  await kubectl(cluster, ['create', 'namespace', namespace]);
  const workload = injected(buildWorkload({ policy: 'standard' }));
  await kube.create({ ...workload, metadata: { ...workload.metadata, namespace } });
}

async function settle(namespace: string): Promise<unknown[]> {
  const isDone = async () => {
    const databases = await kube.list(KINDS[2], { namespace });
    return databases.some(({ status }) => status !== undefined) && proxy.quietMs() > 1500;
  };
  await waitFor(`an end of writes in ${namespace}`, isDone, { timeoutMs: 60_000, everyMs: 100 });
  return describe(namespace);
}

const start = (context: TestContext): Controller => startController(context, proxy);

test('killed at any write, the controller ends at the same objects, and then writes nothing', async (context) => {
  await createDatabase('undisturbed');
  const first = start(context);
  const expected = await settle('undisturbed');
  await first.kill();
  const count = proxy.count('write');
  context.diagnostic(`${count} writes: ${proxy.listWrites().join(', ')}`);
  assert.ok(expected.length >= 3 && count >= 4);
  for (let at = 1; at <= count; at++) {
    const namespace = `killed-${at}`;
    await createDatabase(namespace);
    proxy.reset();
    const killed = start(context);
    const isKilled = new Promise<void>((resolve) => {
      onWrite = (number) => {
        if (number === at) void killed.kill().then(resolve);
      };
    });
    await isKilled;
    onWrite = () => undefined;
    const next = start(context);
    assert.deepEqual(await settle(namespace), expected, `killed at write ${at}`);
    await next.kill();
  }
  proxy.reset();
  const last = start(context);
  await waitFor('the last one to list', async () => proxy.count('watch') >= 10, { everyMs: 50 });
  await settle('undisturbed');
  await last.kill();
  assert.deepEqual(proxy.listWrites(), []);
});
