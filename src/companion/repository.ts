// A volume for the backups of one database, and the S3 server in front of it. None of them has an owner: they outlive the
// database, and go only by a person's hand. Room: companion (pure).
import type { KubeObject, PodSpec, StatefulSet } from '../api/kubernetes.ts';
import { CREDENTIAL_KEYS, LABEL, REPOSITORY_PORT } from '../api/names.ts';
import { REPOSITORY_BUCKET, repositoryName } from '../policy/place.ts';
import type { RepositorySettings } from '../policy/settings.ts';
import { companionLabels } from './instance.ts';

const COMPANION = 'repository';

/** Of the image's unprivileged user; the group makes the volume writable for it. */
const ID = 65_532;

const DATA = { name: 'data', mountPath: '/data' } as const;

function metadataOf({ metadata }: StatefulSet): KubeObject['metadata'] & { readonly name: string } {
  const database = metadata.name ?? '';
  return {
    name: repositoryName(database),
    namespace: metadata.namespace ?? '',
    labels: companionLabels(database, COMPANION),
  };
}

function selectorOf({ metadata }: StatefulSet): Record<string, string> {
  return { [LABEL.database]: metadata.name ?? '', [LABEL.companion]: COMPANION };
}

/** Without its values: who creates it makes them up, once. */
export function buildRepositorySecret(workload: StatefulSet): KubeObject {
  return { apiVersion: 'v1', kind: 'Secret', metadata: metadataOf(workload) };
}

export function buildRepositoryClaim(workload: StatefulSet, { volume }: RepositorySettings): KubeObject {
  const { size, storageClassName } = volume;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: metadataOf(workload),
    spec: {
      accessModes: ['ReadWriteOnce'],
      ...(storageClassName === undefined ? {} : { storageClassName }),
      resources: { requests: { storage: size } },
    },
  };
}

export function buildRepositoryService(workload: StatefulSet): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadataOf(workload),
    spec: {
      selector: selectorOf(workload),
      ports: [{ name: 's3', port: REPOSITORY_PORT, targetPort: 's3', protocol: 'TCP' }],
    },
  };
}

/** One volume, one writer: a StatefulSet never runs two. @param image walguard's own */
export function buildRepositoryServer(workload: StatefulSet, image: string): KubeObject {
  const metadata = metadataOf(workload);
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata,
    spec: {
      replicas: 1,
      serviceName: metadata.name,
      selector: { matchLabels: selectorOf(workload) },
      template: { metadata: { labels: metadata.labels }, spec: buildPod(workload, metadata.name, image) },
    },
  };
}

function buildPod({ spec }: StatefulSet, name: string, image: string): PodSpec {
  const { imagePullSecrets, nodeSelector, tolerations } = spec.template.spec;
  const container = {
    image,
    resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '512Mi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
  };
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    ...structuredClone({
      ...(imagePullSecrets ? { imagePullSecrets } : {}),
      ...(nodeSelector ? { nodeSelector } : {}),
      ...(tolerations ? { tolerations } : {}),
    }),
    securityContext: {
      runAsUser: ID,
      runAsGroup: ID,
      runAsNonRoot: true,
      fsGroup: ID,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    },
    // A bucket of versitygw is a directory.
    initContainers: [
      {
        name: 'make-bucket',
        ...container,
        command: ['/bin/mkdir', '-p', `/data/${REPOSITORY_BUCKET}`],
        volumeMounts: [DATA],
      },
    ],
    containers: [{ name: 'repository', ...container, ...buildServer(name) }],
    volumes: [
      { name: DATA.name, persistentVolumeClaim: { claimName: name } },
      { name: 'tmp', emptyDir: { sizeLimit: '64Mi' } },
    ],
  };
}

function buildServer(secret: string) {
  const [accessKey, secretKey] = CREDENTIAL_KEYS;
  const fromSecret = (name: string, key: string) => ({ name, valueFrom: { secretKeyRef: { name: secret, key } } });
  const probe = { httpGet: { path: '/healthz', port: 's3' } };
  return {
    command: ['/usr/local/bin/versitygw'],
    // quiet: otherwise one line for each request, which is several for each WAL segment.
    args: ['--quiet', '--health', '/healthz', '--port', `:${REPOSITORY_PORT}`, 'posix', '/data'],
    env: [
      fromSecret('ROOT_ACCESS_KEY', accessKey),
      fromSecret('ROOT_SECRET_KEY', secretKey),
      { name: 'HOME', value: '/tmp' },
    ],
    ports: [{ name: 's3', containerPort: REPOSITORY_PORT, protocol: 'TCP' }],
    readinessProbe: { ...probe, periodSeconds: 5, timeoutSeconds: 3 },
    livenessProbe: { ...probe, initialDelaySeconds: 10, periodSeconds: 20, timeoutSeconds: 10 },
    volumeMounts: [DATA, { name: 'tmp', mountPath: '/tmp' }],
  };
}
