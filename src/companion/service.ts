// A Service for each database pod, so that jobs reach just that Postgres, by name and also before it is Ready.
// Room: companion (pure).
import type { KubeObject } from '../api/kubernetes.ts';
import { POSTGRES_PORT, SIDECAR_PORT } from '../api/names.ts';
import { companionLabels, type Instance, ownedBy, type Subject, serviceName } from './instance.ts';

export function buildService({ workload, server }: Subject, { pod }: Instance): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: serviceName(pod),
      namespace: workload.metadata.namespace ?? '',
      labels: companionLabels(workload.metadata.name ?? '', 'service', pod),
      ...ownedBy(workload),
    },
    spec: {
      selector: { 'statefulset.kubernetes.io/pod-name': pod },
      publishNotReadyAddresses: true,
      ports: [
        { name: 'postgres', port: POSTGRES_PORT, targetPort: server.port, protocol: 'TCP' },
        { name: 'walguard', port: SIDECAR_PORT, targetPort: SIDECAR_PORT, protocol: 'TCP' },
      ],
    },
  };
}
