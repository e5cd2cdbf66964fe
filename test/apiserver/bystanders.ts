// Who else uses the API server while walguard is gone: requests about which the webhook must never be asked, and those about
// databases in namespaces that did not ask to be stopped.
import type { StatefulSet } from '../../src/api/kubernetes.ts';
import { ANNOTATION } from '../../src/api/names.ts';
import { injected } from '../support/injected.ts';
import { buildWorkload } from '../support/workloads.ts';
import { at } from './admission-policy.ts';
import { DRY_RUN, statefulSets } from './outage.ts';

export type Request = readonly [method: string, path: string, body?: object, contentType?: string];

const ENFORCED = 'mode-enforce';
const PROTECTED = injected(buildWorkload({ policy: 'standard' }));
const BARE = buildWorkload();
const withImage = (image: string) => buildWorkload({ container: { image, env: [], volumeMounts: [] } });
const REDIS = withImage('redis:7');

/** What is there before walguard is gone: namespace, name, object. */
export const DATABASES: readonly (readonly [string, string, StatefulSet])[] = [
  ...['enforce', 'warn', 'audit', 'off'].map((mode) => [`mode-${mode}`, 'protected', PROTECTED] as const),
  ...['mode-warn', 'mode-audit', 'default', 'kube-system'].map((namespace) => [namespace, 'bare', BARE] as const),
  ['default', 'protected', PROTECTED],
  [ENFORCED, 'redis', REDIS],
  ...['foreground', 'background', 'orphan'].flatMap((how) =>
    [0, 1].map((outage) => [ENFORCED, `leaving-${how}-${outage}`, PROTECTED] as const),
  ),
];

const MERGE = 'application/merge-patch+json';
const NOTE = { metadata: { annotations: { note: 'x' } } };
const dry = (path: string) => `${path}${DRY_RUN}`;

const POD = { containers: [{ name: 'db', image: 'postgres:15', env: [{ name: 'PGDATA', value: '/data' }] }] };
const template = { metadata: { labels: { app: 'db' } }, spec: POD };
const once = { template: { spec: { ...POD, restartPolicy: 'Never' } } };
const selector = { matchLabels: { app: 'db' } };

function create(group: string, kind: string, spec: object, namespace = ENFORCED): Request {
  const path = group.includes('/') ? `/apis/${group}` : `/api/${group}`;
  const metadata = { name: 'db', namespace, annotations: { [ANNOTATION.policy]: 'standard' } };
  return [
    'POST',
    dry(`${path}/namespaces/${namespace}/${kind.toLowerCase()}s`),
    { apiVersion: group, kind, metadata, ...spec },
  ];
}

/** As a client that looks like a database's own: with the annotation, in an enforced namespace. */
const OTHER_KINDS: readonly (readonly [string, Request])[] = [
  ['Deployment', create('apps/v1', 'Deployment', { spec: { selector, template } })],
  ['DaemonSet', create('apps/v1', 'DaemonSet', { spec: { selector, template } })],
  ['ReplicaSet', create('apps/v1', 'ReplicaSet', { spec: { selector, template } })],
  ['Pod', create('v1', 'Pod', { spec: POD })],
  ['Job', create('batch/v1', 'Job', { spec: once })],
  ['CronJob', create('batch/v1', 'CronJob', { spec: { schedule: '0 2 * * *', jobTemplate: { spec: once } } })],
  ['ConfigMap', create('v1', 'ConfigMap', { data: { a: 'b' } })],
  ['Secret', create('v1', 'Secret', { stringData: { a: 'b' } })],
  ['Service', create('v1', 'Service', { spec: { selector: { app: 'db' }, ports: [{ port: 5432 }] } })],
  ['Lease in kube-system', create('coordination.k8s.io/v1', 'Lease', { spec: {} }, 'kube-system')],
  ['Namespace', ['POST', dry('/api/v1/namespaces'), { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } }]],
  ['Node', ['POST', dry('/api/v1/nodes'), { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } }]],
];

const stored = statefulSets(ENFORCED, 'protected');
const scaled = { spec: { replicas: 2 } };

/** Never a question to the webhook. */
export const SPARED: ReadonlyMap<string, Request> = new Map([
  ...OTHER_KINDS,
  ['a database in kube-system, created', ['POST', dry(statefulSets('kube-system')), at('kube-system', BARE, 'new')]],
  ['a database in kube-system, changed', ['PATCH', dry(statefulSets('kube-system', 'bare')), NOTE, MERGE]],
  ['a database in the release namespace', ['POST', dry(statefulSets('walguard-system')), at('walguard-system', BARE)]],
  ['scale', ['PATCH', dry(`${stored}/scale`), scaled, MERGE]],
  ['status', ['PATCH', dry(`${stored}/status`), { status: { replicas: 1 } }, MERGE]],
  ['delete', ['DELETE', dry(stored)]],
  ['delete of all', ['DELETE', dry(statefulSets(ENFORCED))]],
  ['Redis, created', ['POST', dry(statefulSets(ENFORCED)), at(ENFORCED, REDIS, 'new')]],
  ['Redis, changed', ['PATCH', dry(statefulSets(ENFORCED, 'redis')), NOTE, MERGE]],
  ['Kafka, created', ['POST', dry(statefulSets(ENFORCED)), at(ENFORCED, withImage('apache/kafka:3.9'), 'new')]],
  ['a database where the mode is off', ['POST', dry(statefulSets('mode-off')), at('mode-off', BARE, 'new')]],
  ['a protected one where the mode is off', ['PATCH', dry(statefulSets('mode-off', 'protected')), NOTE, MERGE]],
] satisfies (readonly [string, Request])[]);

const EXEMPT = { ...BARE, metadata: { ...BARE.metadata, annotations: { [ANNOTATION.exempt]: 'a cache' } } };

/** Questions that nobody answers, and that must stop nobody. */
export const LET_IN: readonly (readonly [string, Request])[] = [
  ...['mode-warn', 'mode-audit', 'default'].flatMap((namespace) => [
    [
      `a protected one changed in ${namespace}`,
      ['PATCH', dry(statefulSets(namespace, 'protected')), NOTE, MERGE],
    ] as const,
    [`a bare one changed in ${namespace}`, ['PATCH', dry(statefulSets(namespace, 'bare')), NOTE, MERGE]] as const,
    [
      `an exempt one created in ${namespace}`,
      ['POST', dry(statefulSets(namespace)), at(namespace, EXEMPT, 'new')],
    ] as const,
    [
      `one with a policy created in ${namespace}`,
      ['POST', dry(statefulSets(namespace)), at(namespace, PROTECTED, 'new')],
    ] as const,
  ]),
  ...['mode-warn', 'mode-audit'].map(
    (namespace) =>
      [
        `a bare one created in ${namespace}`,
        ['POST', dry(statefulSets(namespace)), at(namespace, BARE, 'new')],
      ] as const,
  ),
];
