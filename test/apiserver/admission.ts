// An API server with walguard's admission: the chart's CRDs and webhook configurations, the real webhook program, a policy,
// and a namespace for each mode.
import { dirname, join } from 'node:path';
import { type Cluster, down, up } from '../cluster/cluster.ts';
import { kubectl, type Live, listObjects, tryKubectl, waitFor } from '../support/cluster-client.ts';
import { SYSTEM_NAMESPACE } from '../support/install.ts';
import { applyConfigurations, findFreePort, mintCertificates, startWebhook } from './webhook-process.ts';

const root = dirname(dirname(import.meta.dirname));
export const POLICY = `
apiVersion: walguard.dev/v1alpha1
kind: BackupPolicy
metadata: {name: standard}
spec: {storage: {s3: {prefix: "s3://backups", endpoint: "http://store.test:7070", credentialsSecret: walguard-storage}}}
`;

/** What the running walguard injects. */
export const FIRST_IMAGE = 'example.test/walguard:1';

export interface Admission {
  readonly cluster: Cluster;
  /** Another version of walguard in the place of the running one: it would inject this image. */
  readonly upgrade: (image: string) => Promise<void>;
  readonly stopWebhook: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** @param prepare stores what was there before walguard */
export async function startAdmission(prepare?: (cluster: Cluster) => Promise<void>): Promise<Admission> {
  const cluster = await up({ apiOnly: true });
  const certificates = await mintCertificates();
  const port = await findFreePort();
  await kubectl(cluster, ['apply', '--server-side', '-f', join(root, 'chart', 'crds')]);
  const crds = ['crd', '-l', 'app.kubernetes.io/part-of=walguard'];
  await kubectl(cluster, ['wait', '--for=condition=Established', '--timeout=30s', ...crds]);
  await waitFor('the policy', async () => (await tryKubectl(cluster, ['apply', '-f', '-'], POLICY)).code === 0);
  await kubectl(cluster, ['create', 'namespace', SYSTEM_NAMESPACE]);
  for (const mode of ['enforce', 'warn', 'audit', 'off']) {
    await kubectl(cluster, ['create', 'namespace', `mode-${mode}`]);
    await kubectl(cluster, ['label', 'namespace', `mode-${mode}`, `walguard.dev/mode=${mode}`]);
  }
  await prepare?.(cluster);
  await applyConfigurations(cluster, port, certificates.ca);
  let webhook = await startWebhook(cluster, port, certificates, FIRST_IMAGE);
  return {
    cluster,
    upgrade: async (image) => {
      await webhook.stop();
      webhook = await startWebhook(cluster, port, certificates, image);
    },
    stopWebhook: () => webhook.stop(),
    stop: async () => {
      await webhook.stop();
      await down({ apiOnly: true });
    },
  };
}

/** How many revisions of its template each StatefulSet has; each one more is a rollout. Only those that were looked at. */
export async function countRevisions(cluster: Cluster, namespace: string): Promise<Map<string, number>> {
  const [workloads, revisions] = await Promise.all([
    listObjects(cluster, namespace, 'statefulsets', ''),
    listObjects(cluster, namespace, 'controllerrevisions', ''),
  ]);
  const seen = workloads.filter(({ metadata, status }) => status?.observedGeneration === metadata.generation);
  return new Map(
    seen.map(({ metadata }) => [
      metadata.name,
      revisions.filter((each) => each.metadata.ownerReferences?.some(({ uid }: Live) => uid === metadata.uid)).length,
    ]),
  );
}
