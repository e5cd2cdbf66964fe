// What a cluster has beside Kubernetes itself: names and volumes, both as processes of this machine.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from './context.ts';
import { applyObjects } from './control-plane.ts';
import { admin, kubeconfigOf } from './kubeconfig.ts';
import { type ClusterState, launch, volumesDirOf } from './state.ts';
import type { Tools } from './tools.ts';

const standardClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: 'walguard.dev/local-directory',
  volumeBindingMode: 'WaitForFirstConsumer',
  reclaimPolicy: 'Delete',
};

export async function startAddOns(context: Context, state: ClusterState, tools: Tools, address: string): Promise<void> {
  const kubeconfig = kubeconfigOf(state.stateDir, admin.id);
  const corefile = join(state.stateDir, 'Corefile');
  writeFileSync(corefile, buildCorefile(address, kubeconfig));
  await launch(state, 'coredns', tools.coredns, ['-conf', corefile]);
  await launch(state, 'volume-provisioner', tools['volume-provisioner'], [
    `--kubeconfig=${kubeconfig}`,
    `--root=${volumesDirOf(state)}`,
  ]);
  await applyObjects(context, state, tools, [standardClass]);
}

/** No forwarding: a test's pods reach nothing outside the cluster, so an outside name is refused at once. */
function buildCorefile(address: string, kubeconfig: string): string {
  return `.:53 {
  bind ${address}
  errors
  health ${address}:8080
  ready ${address}:8181
  cache 5
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${kubeconfig}
    pods insecure
    ttl 5
  }
}
`;
}
