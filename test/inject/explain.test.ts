import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { StatefulSet } from '../../src/api/kubernetes.ts';
import { ANNOTATION } from '../../src/api/names.ts';
import { type Explanation, explain, formatPath } from '../../src/inject/explain.ts';
import { inject } from '../../src/inject/inject.ts';
import { listDifferences, type Path } from '../../src/lib/difference.ts';
import { injectable } from '../support/arbitraries.ts';
import { CASES } from '../support/cases.ts';
import { injected } from '../support/injected.ts';
import { buildWorkload, IMAGE, SETTINGS } from '../support/workloads.ts';

function explainInjection(workload: StatefulSet): Explanation[] {
  return explain(workload, injected(workload), SETTINGS);
}

/** Paths of every value that injection added, down to the last one. */
function leavesOf(path: Path, value: unknown): string[] {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return [formatPath(path)];
  return Object.entries(value).flatMap(([key, each]) =>
    leavesOf([...path, Array.isArray(value) ? Number(key) : key], each),
  );
}

function assertCovered(workload: StatefulSet): void {
  const explanations = explainInjection(workload);
  const leaves = listDifferences(workload, injected(workload)).flatMap((each) =>
    each.kind === 'removed' ? [formatPath(each.at)] : leavesOf(each.path, each.value),
  );
  for (const leaf of leaves) {
    const covering = explanations.filter(
      ({ path }) => leaf === path || (/^[.[]/.test(leaf.slice(path.length)) && leaf.startsWith(path)),
    );
    assert.equal(covering.length, 1, `${leaf}: ${JSON.stringify(covering)}`);
  }
  for (const { path, value, why } of explanations) {
    assert.ok(
      leaves.some((leaf) => leaf.startsWith(path)),
      `${path} was not injected`,
    );
    assert.ok(value !== '' && !value.includes('\n') && why !== '' && !/undefined|unknown/.test(why), `${path}: ${why}`);
  }
}

test('every field that injection adds has one explanation, and nothing else has any', () => {
  for (const build of Object.values(CASES)) assertCovered(build());
  fc.assert(fc.property(injectable, assertCovered), { numRuns: 50 });
});

function whyOf(workload: StatefulSet, part: string): string {
  const found = explainInjection(workload).find(({ path, value }) => `${path} = ${value}`.includes(part));
  assert.ok(found, part);
  return found.why;
}

const policy = 'BackupPolicy/standard';

const WHYS: readonly (readonly [part: string, why: string])[] = [
  ['archive_timeout=60', `${policy} spec.archive.timeout`],
  ['archive_mode=on', `annotation ${ANNOTATION.policy}: a database with a policy is archived`],
  ['AWS_ENDPOINT=', `${policy} spec.storage.s3.endpoint`],
  ['AWS_REGION=', `${policy} spec.storage.s3.region`],
  ['WALGUARD_STORAGE_PREFIX=', `${policy} spec.storage.s3.prefix`],
  ['WALG_COMPRESSION_METHOD=', `${policy} spec.archive.compression`],
  ['volumes[1] =', "rule: the engine's own sockets are out of the database container's reach"],
  ['volumes[2] =', `${policy} spec.storage.s3.credentialsSecret`],
  ['POSTGRES_PASSWORD', 'copied from container "postgres"'],
  ['"mountPath":"/walguard-storage"', 'rule: storage credentials only in the sidecar'],
  ['runAsNonRoot', 'rule: Pod Security "restricted"'],
  ['runAsUser', "flavour docker-library: files in the data directory are its user's alone"],
];

for (const [part, why] of WHYS) {
  test(`${part}: ${why}`, () => assert.equal(whyOf(buildWorkload({ policy: 'standard' }), part), why));
}

test('what the sidecar is told of archiving comes from the policy and from the grace period', () => {
  const workload = buildWorkload({ policy: 'standard' });
  workload.spec.template.spec.terminationGracePeriodSeconds = 60;
  const archive = { ...SETTINGS.archive, switchAtLeastEverySeconds: 300, onStorageFull: 'dropAndRebase' } as const;
  const settings = { ...SETTINGS, archive };
  const injection = inject(workload, settings, IMAGE);
  assert.ok(injection.kind === 'injected');
  const told = explain(workload, injection.workload, settings).map(({ value, why }) => `${value}: ${why}`);
  for (const line of [
    `WALGUARD_ON_STORAGE_FULL=dropAndRebase: ${policy} spec.archive.onStorageFull`,
    `WALGUARD_SWITCH_AT_LEAST_EVERY=300: ${policy} spec.archive.switchAtLeastEvery`,
    'WALGUARD_SHUTDOWN_SECONDS=55: spec.template.spec.terminationGracePeriodSeconds, less 5 s',
  ]) {
    assert.ok(told.includes(line), told.join('\n'));
  }
});

test('an annotation that decided is named', () => {
  const workload = buildWorkload({ policy: 'standard' });
  workload.metadata.annotations = { ...workload.metadata.annotations, [ANNOTATION.runAsUser]: '1001' };
  assert.equal(whyOf(workload, 'runAsUser'), `annotation ${ANNOTATION.runAsUser}`);
});

test('an identity that the manifest imposes is found where it stands', () => {
  const inPod = buildWorkload({ policy: 'standard' });
  inPod.spec.template.spec.securityContext = { runAsUser: 1001 };
  assert.equal(whyOf(inPod, 'runAsUser'), 'spec.template.spec.securityContext.runAsUser');
  const inContainer = buildWorkload({ policy: 'standard', container: { securityContext: { runAsUser: 1001 } } });
  assert.equal(whyOf(inContainer, 'runAsUser'), 'copied from container "postgres"');
});

test('a password in plain text is not shown', () => {
  const workload = buildWorkload({
    policy: 'standard',
    container: { env: [{ name: 'POSTGRES_PASSWORD', value: 'hunter2' }] },
  });
  const text = JSON.stringify(explainInjection(workload));
  assert.doesNotMatch(text, /hunter2/);
  assert.match(text, /POSTGRES_PASSWORD=\(not shown\)/);
});

test('a long value is cut to one line', () => {
  const workload = buildWorkload({
    policy: 'standard',
    container: { env: [{ name: 'POSTGRES_USER', value: `a\n${'b'.repeat(300)}` }] },
  });
  for (const { value } of explainInjection(workload)) assert.ok(value.length <= 100 && !value.includes('\n'));
});
