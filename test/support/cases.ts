// Shapes in which people write Postgres StatefulSets; each is injected, stripped, and gets its companions. Each has a
// field that walguard does not know, which must survive.
import type { StatefulSet } from '../../src/api/kubernetes.ts';
import { ANNOTATION } from '../../src/api/names.ts';
import { FLAVOUR_CASES } from './flavour-cases.ts';
import { buildWorkload } from './workloads.ts';

const CLAIM_TEMPLATE = {
  metadata: { name: 'data' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
};

function plain(): StatefulSet {
  const workload = buildWorkload({ policy: 'standard' });
  workload.spec.futureField = { kept: true };
  return workload;
}

function argsWithOptions(): StatefulSet {
  return buildWorkload({
    policy: 'standard',
    container: {
      args: ['postgres', '-c', 'shared_buffers=256MB', '-c', 'max_connections=200'],
      futureField: [1, 'two'],
    },
  });
}

function alpineRunAsUser(): StatefulSet {
  const workload = buildWorkload({
    policy: 'standard',
    container: { image: 'registry.example:5000/library/postgres:16-alpine' },
  });
  workload.spec.template.spec.securityContext = {
    runAsUser: 1001,
    runAsGroup: 1002,
    fsGroup: 1003,
    runAsNonRoot: true,
    futureField: 'kept',
  };
  return workload;
}

function volumesAndInitContainers(): StatefulSet {
  const workload = buildWorkload({ policy: 'standard', container: { image: 'postgis/postgis:16-3.4' } });
  const { template } = workload.spec;
  template.metadata = { labels: { app: 'orders' }, annotations: { 'prometheus.io/scrape': 'true' } };
  template.spec.initContainers = [
    { name: 'own-files', image: 'busybox:1.36', command: ['chown', '-R', '999:999', '/data'] },
  ];
  template.spec.volumes = [
    { name: 'settings', configMap: { name: 'orders-settings', futureField: null } },
    { name: 'scratch', emptyDir: {} },
  ];
  template.spec.containers.unshift({ name: 'exporter', image: 'prometheuscommunity/postgres-exporter:v0.15.0' });
  template.spec.containers[1]?.volumeMounts?.push({ name: 'settings', mountPath: '/etc/postgresql' });
  return workload;
}

function claimVolume(): StatefulSet {
  const workload = buildWorkload({
    policy: 'standard',
    container: { volumeMounts: [{ name: 'files', mountPath: '/var/lib/postgresql/data', subPath: 'orders' }] },
  });
  delete workload.spec.volumeClaimTemplates;
  workload.spec.template.spec.volumes = [{ name: 'files', persistentVolumeClaim: { claimName: 'orders-files' } }];
  workload.spec.template.spec.nodeSelector = { disk: 'ssd' };
  workload.spec.template.spec.tolerations = [{ key: 'databases', operator: 'Exists' }];
  workload.spec.template.spec.imagePullSecrets = [{ name: 'registry' }];
  workload.spec.template.futureField = 'kept';
  return workload;
}

function pg18Layout(): StatefulSet {
  const workload = buildWorkload({
    policy: 'standard',
    container: { image: 'postgres:18', volumeMounts: [{ name: 'data', mountPath: '/var/lib/postgresql' }] },
  });
  const [container] = workload.spec.template.spec.containers;
  if (container)
    container.env = [
      { name: 'POSTGRES_USER', value: 'shop' },
      { name: 'POSTGRES_PASSWORD', value: 'pw' },
    ];
  workload.metadata.futureField = { kept: 1 };
  return workload;
}

function envFrom(): StatefulSet {
  const workload = buildWorkload({
    policy: 'standard',
    container: {
      envFrom: [{ secretRef: { name: 'orders-login' } }, { configMapRef: { name: 'orders', optional: true } }],
    },
  });
  const [container] = workload.spec.template.spec.containers;
  delete container?.env;
  delete workload.spec.template.metadata;
  workload.metadata.annotations = { ...workload.metadata.annotations, [ANNOTATION.runAsUser]: '1234' };
  workload.spec.volumeClaimTemplates = [{ ...CLAIM_TEMPLATE, futureField: true }];
  return workload;
}

export const CASES: Readonly<Record<string, () => StatefulSet>> = {
  plain,
  'args-with-options': argsWithOptions,
  'alpine-run-as-user': alpineRunAsUser,
  'volumes-and-init-containers': volumesAndInitContainers,
  'claim-volume': claimVolume,
  'pg18-layout': pg18Layout,
  'env-from': envFrom,
  ...FLAVOUR_CASES,
};
