// The minimal valid workload, and small changes of it. Every test says only what differs.
import type { Container, StatefulSet } from '../../src/api/kubernetes.ts';
import { ANNOTATION } from '../../src/api/names.ts';
import type { PlacedSettings } from '../../src/policy/place.ts';
import type { DrillSettings } from '../../src/policy/settings.ts';

export const IMAGE = 'example.test/walguard:1';

export function buildWorkload(changes: { container?: Partial<Container>; policy?: string } = {}): StatefulSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: {
      name: 'orders',
      namespace: 'shop',
      ...(changes.policy === undefined ? {} : { annotations: { [ANNOTATION.policy]: changes.policy } }),
    },
    spec: {
      replicas: 1,
      serviceName: 'orders',
      selector: { matchLabels: { app: 'orders' } },
      template: {
        metadata: { labels: { app: 'orders' } },
        spec: {
          containers: [
            {
              name: 'postgres',
              image: 'postgres:15',
              env: [
                { name: 'POSTGRES_PASSWORD', valueFrom: { secretKeyRef: { name: 'orders', key: 'password' } } },
                { name: 'PGDATA', value: '/var/lib/postgresql/data/pgdata' },
              ],
              volumeMounts: [{ name: 'data', mountPath: '/var/lib/postgresql/data' }],
              ...changes.container,
            },
          ],
        },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      ],
    },
  };
}

export const DRILL: DrillSettings = {
  name: 'weekly',
  schedule: '0 5 * * 0',
  timeZone: 'Etc/UTC',
  source: 'baseBackup',
  target: 'latest',
  amcheck: true,
  checks: [],
  timeoutSeconds: 7200,
};

export const SETTINGS: PlacedSettings = {
  policy: 'standard',
  storage: {
    prefix: 's3://backups',
    endpoint: 'http://store.test:7070',
    region: 'us-east-1',
    forcePathStyle: true,
    credentialsSecret: 'walguard-storage',
  },
  archive: { timeoutSeconds: 60, compression: 'lz4', onStorageFull: 'block' },
  baseBackup: {
    schedule: '17 2 * * *',
    timeZone: 'Etc/UTC',
    timeoutSeconds: 3600,
    method: 'node',
    from: 'primary',
    deltaSteps: 0,
  },
};
