import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject, StatefulSet } from '../../src/api/kubernetes.ts';
import { REPOSITORY_ANNOTATION } from '../../src/api/names.ts';
import type { Action } from '../../src/controller/action.ts';
import { planDatabase } from '../../src/controller/plan.ts';
import { withMintedCredentials } from '../../src/controller/secrets.ts';
import { inject } from '../../src/inject/inject.ts';
import { strip } from '../../src/inject/strip.ts';
import { resolveSettings } from '../../src/policy/settings.ts';
import { IMAGE } from '../support/workloads.ts';
import { buildDatabase, buildWorld, POLICY } from '../support/world.ts';

const VOLUME = { ...POLICY, spec: { storage: { volume: { size: '20Gi' } } } };
const NAME = 'orders-repository';

function plan(database: StatefulSet, policy: typeof VOLUME | typeof POLICY, companions: KubeObject[] = []): string[] {
  const world = buildWorld({ statefulSets: [database], policies: [policy], companions });
  return planDatabase(database, world).filter(isRepository).map(describe);
}

function isRepository({ object }: Action): boolean {
  return object.metadata.labels?.['app.kubernetes.io/component'] === 'repository';
}

function describe({ verb, object }: Action): string {
  return `${verb} ${object.kind} ${object.metadata.name}`;
}

/** As the webhook stores it under that policy. */
function injectedUnder(policy: typeof VOLUME, change: (workload: StatefulSet) => void = () => undefined): StatefulSet {
  const workload = strip(buildDatabase());
  change(workload);
  const injection = inject(workload, resolveSettings('standard', policy.spec), IMAGE);
  assert.ok(injection.kind === 'injected');
  return injection.workload;
}

const ALL = [
  `mint Secret ${NAME}`,
  `create PersistentVolumeClaim ${NAME}`,
  `create StatefulSet ${NAME}`,
  `apply Service ${NAME}`,
];

test('a bucket needs no repository', () => {
  assert.deepEqual(plan(buildDatabase(), POLICY), []);
});

test('a volume is made with its server, the Service last', () => {
  assert.deepEqual(plan(injectedUnder(VOLUME), VOLUME), ALL);
});

test('where walguard may make no Secrets, it is left to a person', () => {
  const database = injectedUnder(VOLUME);
  const world = buildWorld({ statefulSets: [database], policies: [VOLUME], makesSecrets: false });
  assert.deepEqual(planDatabase(database, world).filter(isRepository).map(describe), ALL.slice(1));
});

test('once the Service is there nothing is written any more', () => {
  const database = injectedUnder(VOLUME);
  const world = buildWorld({ statefulSets: [database], policies: [VOLUME] });
  const service = planDatabase(database, world).find((each) => isRepository(each) && each.verb === 'apply')?.object;
  assert.ok(service);
  assert.deepEqual(plan(database, VOLUME, [service]), []);
});

test('a database that was restored uses its source’s, and makes none', () => {
  const restored = injectedUnder(VOLUME, ({ metadata }) => {
    metadata.annotations = { ...metadata.annotations, [REPOSITORY_ANNOTATION]: 'source' };
  });
  assert.deepEqual(plan(restored, VOLUME), []);
  assert.match(JSON.stringify(restored.spec.template), /http:\/\/source-repository:7070/);
});

test('while a database archives to the bucket that it was injected with, its policy’s new volume waits', () => {
  assert.deepEqual(plan(buildDatabase(), VOLUME), []);
});

test('what is minted is never the same twice, and holds no more than both keys', () => {
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: NAME, namespace: 'shop' } };
  const [one, other] = [withMintedCredentials(secret), withMintedCredentials(secret)];
  assert.notDeepEqual(one, other);
  assert.deepEqual(Object.keys(one.stringData as object).sort(), ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']);
});
