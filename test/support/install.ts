// Installs the chart, and a Postgres of the kind people publish, into a real cluster.
import { dirname, join } from 'node:path';
import type { ClusterAccess } from './cluster-client.ts';
import { helm, kubectl } from './cluster-client.ts';

export const SYSTEM_NAMESPACE = 'walguard-system';
const chart = join(dirname(dirname(import.meta.dirname)), 'chart');

/** @param image `repository:tag` of walguard's image as the nodes know it; undefined for the chart's own default */
export async function installChart(access: ClusterAccess, image?: string, set: readonly string[] = []): Promise<void> {
  const values = [...set, ...(image === undefined ? [] : imageValues(image))].flatMap((value) => [
    '--set-string',
    value,
  ]);
  // Pod Security `restricted` is enforced, so that a pod of ours that breaks it would not even start.
  await kubectl(access, ['apply', '-f', '-'], systemNamespace);
  await helm(access, [
    'upgrade',
    '--install',
    'walguard',
    chart,
    '-n',
    SYSTEM_NAMESPACE,
    '--wait',
    '--timeout',
    '5m',
    ...values,
  ]);
}

function imageValues(image: string): string[] {
  const colon = image.lastIndexOf(':');
  return [`image.repository=${image.slice(0, colon)}`, `image.tag=${image.slice(colon + 1)}`];
}

const systemNamespace = `
apiVersion: v1
kind: Namespace
metadata:
  name: ${SYSTEM_NAMESPACE}
  labels:
    pod-security.kubernetes.io/enforce: restricted
`;

export interface PostgresOptions {
  readonly namespace: string;
  readonly name: string;
  /** Lines for metadata.annotations. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Namespace, password Secret, Service: what a StatefulSet of Postgres usually stands beside. */
export function buildSurroundings({ namespace, name }: PostgresOptions): string {
  return `apiVersion: v1
kind: Namespace
metadata:
  name: ${namespace}
  labels:
    walguard.dev/mode: enforce
---
apiVersion: v1
kind: Secret
metadata:
  name: ${name}
  namespace: ${namespace}
stringData:
  password: not-a-secret-in-a-demo
---
apiVersion: v1
kind: Service
metadata:
  name: ${name}
  namespace: ${namespace}
spec:
  clusterIP: None
  selector:
    app: ${name}
  ports:
    - port: 5432
`;
}

export function buildPostgres({ namespace, name, annotations = {} }: PostgresOptions): string {
  const lines = Object.entries(annotations).map(([key, value]) => `    ${key}: ${JSON.stringify(value)}\n`);
  return `apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: ${name}
  namespace: ${namespace}
${lines.length > 0 ? `  annotations:\n${lines.join('')}` : ''}spec:
  serviceName: ${name}
  replicas: 1
  selector:
    matchLabels:
      app: ${name}
  template:
    metadata:
      labels:
        app: ${name}
    spec:
      containers:
        - name: postgres
          image: docker.io/library/postgres:15
          imagePullPolicy: IfNotPresent
          ports:
            - containerPort: 5432
          env:
            - name: POSTGRES_PASSWORD
              valueFrom:
                secretKeyRef:
                  name: ${name}
                  key: password
            - name: PGDATA
              value: /var/lib/postgresql/data/pgdata
          readinessProbe:
            exec:
              command: [pg_isready, -U, postgres, -h, 127.0.0.1]
            periodSeconds: 1
          volumeMounts:
            - name: data
              mountPath: /var/lib/postgresql/data
  volumeClaimTemplates:
    - metadata:
        name: data
      spec:
        accessModes: [ReadWriteOnce]
        resources:
          requests:
            storage: 1Gi
`;
}
