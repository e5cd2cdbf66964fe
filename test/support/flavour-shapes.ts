// Shapes in which people write the StatefulSets of images that are not of the docker-library family.
import type { Container, StatefulSet } from '../../src/api/kubernetes.ts';
import { ANNOTATION } from '../../src/api/names.ts';
import { buildWorkload } from './workloads.ts';

/** As the image's chart writes it: passwords in files, directories for all that the image makes at its start. */
export function bitnamiShape(): StatefulSet {
  const workload = buildWorkload({
    policy: 'standard',
    container: {
      name: 'postgresql',
      image: 'registry.example/bitnami/postgresql:17.5.0-debian-12-r3',
      imagePullPolicy: 'IfNotPresent',
      env: [
        { name: 'POSTGRESQL_PORT_NUMBER', value: '5433' },
        { name: 'POSTGRESQL_VOLUME_DIR', value: '/bitnami/postgresql' },
        { name: 'PGDATA', value: '/bitnami/postgresql/data' },
        { name: 'POSTGRES_USER', value: 'shop' },
        { name: 'POSTGRES_PASSWORD_FILE', value: '/opt/bitnami/postgresql/secrets/password' },
        { name: 'POSTGRES_POSTGRES_PASSWORD_FILE', value: '/opt/bitnami/postgresql/secrets/postgres-password' },
      ],
      resources: { requests: { cpu: '100m' } },
      securityContext: { runAsUser: 1001, runAsGroup: 0, readOnlyRootFilesystem: true },
      readinessProbe: { exec: { command: ['pg_isready', '-p', '5433'] } },
      volumeMounts: [
        { name: 'empty-dir', mountPath: '/opt/bitnami/postgresql/conf', subPath: 'app-conf-dir' },
        { name: 'passwords', mountPath: '/opt/bitnami/postgresql/secrets/' },
        { name: 'data', mountPath: '/bitnami/postgresql' },
      ],
    },
  });
  workload.spec.template.spec.securityContext = { fsGroup: 1001 };
  workload.spec.template.spec.volumes = [
    { name: 'empty-dir', emptyDir: {} },
    { name: 'passwords', secret: { secretName: 'orders-postgresql', defaultMode: 0o400 } },
  ];
  return workload;
}

/** As Patroni's own example for Kubernetes has it: members find each other by labels, with rights of their own. */
export function patroniShape(container: Partial<Container> = {}): StatefulSet {
  const workload = buildWorkload({
    policy: 'standard',
    container: {
      name: 'patroni',
      image: 'registry.example/patroni:4.0-pg16',
      env: [
        { name: 'PATRONI_KUBERNETES_POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
        { name: 'PATRONI_KUBERNETES_LABELS', value: '{application: patroni, cluster-name: orders}' },
        { name: 'PATRONI_SUPERUSER_USERNAME', value: 'postgres' },
        { name: 'PATRONI_SUPERUSER_PASSWORD', valueFrom: { secretKeyRef: { name: 'orders', key: 'superuser' } } },
        { name: 'PATRONI_REPLICATION_PASSWORD', valueFrom: { secretKeyRef: { name: 'orders', key: 'replication' } } },
        { name: 'PATRONI_SCOPE', value: 'orders' },
        { name: 'PATRONI_POSTGRESQL_DATA_DIR', value: '/home/postgres/pgdata/pgroot/data' },
        { name: 'TZ', value: 'UTC' },
      ],
      ports: [
        { containerPort: 8008, name: 'rest', protocol: 'TCP' },
        { containerPort: 5432, name: 'postgresql', protocol: 'TCP' },
      ],
      readinessProbe: { httpGet: { path: '/readiness', port: 8008, scheme: 'HTTP' } },
      livenessProbe: { httpGet: { path: '/liveness', port: 'rest' } },
      startupProbe: { exec: { command: ['pg_isready'] } },
      volumeMounts: [{ name: 'data', mountPath: '/home/postgres/pgdata' }],
      ...container,
    },
  });
  const labels = { application: 'patroni', 'cluster-name': 'orders' };
  workload.metadata.annotations = {
    ...workload.metadata.annotations,
    [ANNOTATION.flavour]: 'patroni',
    [ANNOTATION.archiveSettings]: 'take-over',
    [ANNOTATION.runAsUser]: '999',
  };
  workload.spec.replicas = 3;
  workload.spec.selector = { matchLabels: labels };
  workload.spec.template.metadata = { labels };
  workload.spec.template.spec.serviceAccountName = 'orders-patroni';
  return workload;
}

export function spiloShape(): StatefulSet {
  const workload = patroniShape({
    image: 'registry.example/zalando/spilo-16:3.3-p1',
    env: [
      { name: 'SCOPE', value: 'orders' },
      { name: 'PGROOT', value: '/home/postgres/pgdata/pgroot' },
      { name: 'KUBERNETES_SCOPE_LABEL', value: 'cluster-name' },
      { name: 'PGPASSWORD_SUPERUSER', valueFrom: { secretKeyRef: { name: 'orders', key: 'superuser' } } },
      { name: 'PGPASSWORD_STANDBY', valueFrom: { secretKeyRef: { name: 'orders', key: 'standby' } } },
    ],
  });
  // The image is known, and its uid.
  delete workload.metadata.annotations?.[ANNOTATION.runAsUser];
  workload.spec.template.spec.securityContext = { fsGroup: 103 };
  return workload;
}

/** The login comes from a whole Secret. */
export function patroniFromSourceShape(): StatefulSet {
  return patroniShape({
    command: ['/bin/bash', '-c', 'exec patroni /etc/timescaledb/patroni.yaml'],
    env: [
      { name: 'PATRONI_SCOPE', value: 'orders' },
      { name: 'PATRONI_POSTGRESQL_DATA_DIR', value: '/home/postgres/pgdata/pgroot/data' },
      { name: 'PATRONI_POSTGRESQL_LISTEN', value: '0.0.0.0:5433' },
      { name: 'PATRONI_POSTGRESQL_BIN_DIR', value: '/usr/lib/postgresql/16/bin' },
    ],
    envFrom: [{ secretRef: { name: 'orders-login' } }],
    lifecycle: { preStop: { exec: { command: ['patronictl', 'switchover'] } } },
  });
}
