// A kind of walguard's on a real API server, without anything else of walguard: what its schema and its CEL rules take.
import { join } from 'node:path';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import { createKube, type Kube, KubeError, loadKubeConfig } from '../../src/kube/client.ts';
import { repositoryDir } from '../cluster/checkout.ts';
import { type ClusterAccess, kubectl } from './cluster-client.ts';

/** @param plural as the chart's file is named */
export async function installCrd(cluster: ClusterAccess, plural: string): Promise<Kube> {
  const file = join(repositoryDir, 'chart', 'crds', `${plural}.yaml`);
  await kubectl(cluster, ['apply', '--server-side', '-f', file]);
  await kubectl(cluster, ['wait', '--for=condition=Established', '--timeout=30s', '-f', file]);
  return createKube(loadKubeConfig({ kubeconfig: cluster.kubeconfig }));
}

/** What the API server says against it; undefined where it took it. Any other trouble is an error. */
export async function refusalOf(kube: Kube, object: KubeObject): Promise<string | undefined> {
  try {
    await kube.create(object);
    return undefined;
  } catch (error) {
    if (error instanceof KubeError && error.status === 422) return error.message;
    throw error;
  }
}
