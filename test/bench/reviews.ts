// The reviews that are measured: a small CREATE, and an UPDATE as it is after years of kubectl, Helm and operators.
import type { StatefulSet } from '../../src/api/kubernetes.ts';
import { injected } from '../support/injected.ts';
import { buildReview } from '../support/reviews.ts';
import { buildWorkload } from '../support/workloads.ts';

const USER_INFO = {
  username: 'system:serviceaccount:argocd:argocd-application-controller',
  uid: '5f1c9a1e-7d4d-4f6f-9f0a-0b6c1c1f5b10',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:argocd', 'system:authenticated'],
};

function complete(review: object): string {
  const { request, ...rest } = review as { request: object };
  const kind = { group: 'apps', version: 'v1', kind: 'StatefulSet' };
  const resource = { group: 'apps', version: 'v1', resource: 'statefulsets' };
  const more = {
    requestKind: kind,
    resource,
    requestResource: resource,
    userInfo: USER_INFO,
    options: { kind: 'CreateOptions' },
  };
  return JSON.stringify({ ...rest, request: { ...request, ...more } });
}

function smallWorkload(): StatefulSet {
  const workload = buildWorkload({ policy: 'standard' });
  const [container] = workload.spec.template.spec.containers;
  if (!container) throw new Error('it has a container');
  container.args = ['postgres', '-c', 'shared_buffers=256MB', '-c', 'max_connections=200'];
  container.ports = [{ name: 'postgres', containerPort: 5432 }];
  container.env = [
    ...(container.env ?? []),
    ...Array.from({ length: 8 }, (_, each) => ({ name: `SETTING_${each}`, value: `value-${each}` })),
  ];
  container.livenessProbe = {
    exec: { command: ['pg_isready', '-U', 'postgres', '-d', 'orders'] },
    initialDelaySeconds: 30,
  };
  container.resources = { requests: { cpu: '250m', memory: '512Mi' }, limits: { memory: '1Gi' } };
  container.readinessProbe = {
    exec: { command: ['pg_isready', '-U', 'postgres'] },
    periodSeconds: 10,
    timeoutSeconds: 5,
  };
  workload.metadata.labels = { 'app.kubernetes.io/name': 'orders', 'app.kubernetes.io/managed-by': 'Helm' };
  workload.spec.template.spec.securityContext = { fsGroup: 999 };
  return workload;
}

function largeWorkload(image: string): StatefulSet {
  const workload = smallWorkload();
  const { spec } = workload.spec.template;
  for (let index = 1; index < 7; index++) {
    const env = Array.from({ length: 52 }, (_, each) => ({ name: `SETTING_${each}`, value: `value-${index}-${each}` }));
    spec.containers.push({ name: `side-${index}`, image: `example.test/side:${index}`, env });
  }
  spec.containers[0] = { ...spec.containers[0], name: 'postgres', image };
  const fields = Object.fromEntries(Array.from({ length: 160 }, (_, each) => [`f:field-${each}`, { 'f:value': {} }]));
  workload.metadata.managedFields = Array.from({ length: 8 }, (_, each) => ({
    manager: `manager-${each}`,
    operation: 'Update',
    apiVersion: 'apps/v1',
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:spec': { 'f:template': fields } },
  }));
  return workload;
}

export const REVIEWS: Readonly<Record<string, string>> = {
  'CREATE, 2.4 KB': complete(buildReview(smallWorkload())),
  'UPDATE, 107 KB': complete(buildReview(largeWorkload('postgres:16'), injected(largeWorkload('postgres:15')))),
};
