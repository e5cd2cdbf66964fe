// The stage of the soak test: a real API server, the chart's configurations, two replicas of the real program behind a
// balancer, and the controller's certificate loop.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { keepCertificates } from '../../../src/controller/certificates.ts';
import { createKube, type Kube, loadKubeConfig } from '../../../src/kube/client.ts';
import { POLICY } from '../../apiserver/admission.ts';
import { type Cluster, down, up } from '../../cluster/cluster.ts';
import { type ApiCalls, createApiCalls } from '../../support/api-calls.ts';
import { type Balancer, startBalancer } from '../../support/balancer.ts';
import { kubectl, tryKubectl, waitFor } from '../../support/cluster-client.ts';
import { SYSTEM_NAMESPACE } from '../../support/install.ts';
import { createRecordedLog } from '../../support/recorded-log.ts';
import { createDeployment, type Deployment } from './deployment.ts';
import { installConfigurations, type Release } from './release.ts';

const root = dirname(dirname(dirname(import.meta.dirname)));
export const NAMESPACE = 'mode-enforce';
const CONNECTIONS = 50;
/** A day in production. The replicas of this test have a new leaf after some 20 s at most. */
export const OVERLAP_MS = 40_000;

export interface Stage {
  readonly cluster: Cluster;
  readonly kube: Kube;
  readonly api: ApiCalls;
  readonly balancer: Balancer;
  readonly release: Release;
  readonly deployment: Deployment;
  readonly stop: () => Promise<void>;
}

export async function startStage(): Promise<Stage> {
  const undo: (() => unknown)[] = [];
  const stop = async () => {
    for (const each of undo.splice(0).reverse()) await each();
  };
  try {
    return { ...(await build(undo)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function build(undo: (() => unknown)[]): Promise<Omit<Stage, 'stop'>> {
  undo.push(() => down({ apiOnly: true }));
  const cluster = await up({ apiOnly: true });
  const directory = await mkdtemp(join(tmpdir(), 'walguard-soak-'));
  undo.push(() => rm(directory, { recursive: true, force: true }));
  const balancer = await startBalancer();
  undo.push(() => balancer.stop());
  const api = createApiCalls(cluster.kubeconfig, CONNECTIONS);
  undo.push(() => api.close());
  await prepare(cluster);
  const release = await installConfigurations(cluster, balancer.port);
  const kube = createKube(loadKubeConfig({ kubeconfig: cluster.kubeconfig }));
  const loop = new AbortController();
  const certificates = { ...release, namespace: SYSTEM_NAMESPACE, overlapMs: OVERLAP_MS };
  const kept = keepCertificates(kube, certificates, createRecordedLog().log, loop.signal);
  undo.push(async () => {
    loop.abort();
    await kept;
  });
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: release.secret, namespace: SYSTEM_NAMESPACE } };
  await waitFor('the first certificate', () => kube.get(secret), { timeoutMs: 30_000, everyMs: 100 });
  const deployment = createDeployment({ cluster, kube, release, balancer, directory });
  undo.push(() => deployment.stop());
  await Promise.all([deployment.add(IMAGES[0]), deployment.add(IMAGES[0])]);
  return { cluster, kube, api, balancer, release, deployment };
}

/** A rolling update comes with another version, so old and new replicas answer side by side. */
export const IMAGES = ['example.test/walguard:1', 'example.test/walguard:2', 'example.test/walguard:3'] as const;

async function prepare(cluster: Cluster): Promise<void> {
  await kubectl(cluster, ['apply', '--server-side', '-f', join(root, 'chart', 'crds')]);
  const crds = ['crd', '-l', 'app.kubernetes.io/part-of=walguard'];
  await kubectl(cluster, ['wait', '--for=condition=Established', '--timeout=30s', ...crds]);
  await waitFor('the policy', async () => (await tryKubectl(cluster, ['apply', '-f', '-'], POLICY)).code === 0);
  for (const name of [SYSTEM_NAMESPACE, NAMESPACE]) await kubectl(cluster, ['create', 'namespace', name]);
  await kubectl(cluster, ['label', 'namespace', NAMESPACE, 'walguard.dev/mode=enforce']);
}
