// What the controller creates for a restore, in each way of recovering.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StatefulSet } from '../../src/api/kubernetes.ts';
import { RECOVER, SIDECAR } from '../../src/api/names.ts';
import { buildRestoredStatefulSet } from '../../src/companion/restore.ts';
import { decideMutation, decideValidation } from '../../src/inject/admission.ts';
import { inject } from '../../src/inject/inject.ts';
import { strip } from '../../src/inject/strip.ts';
import { bitnamiShape, patroniFromSourceShape, patroniShape, spiloShape } from '../support/flavour-shapes.ts';
import { injected } from '../support/injected.ts';
import { buildRestoreOf, buildSubject } from '../support/subjects.ts';
import { buildWorkload, IMAGE, SETTINGS } from '../support/workloads.ts';

const SHAPES: Readonly<Record<string, () => StatefulSet>> = {
  'docker-library': () => buildWorkload({ policy: 'standard' }),
  bitnami: bitnamiShape,
  patroni: patroniShape,
  spilo: spiloShape,
  'patroni, its login from a source': patroniFromSourceShape,
};

function created(name: string): StatefulSet {
  const source = injected(SHAPES[name]?.() ?? assert.fail(name));
  return injected(buildRestoredStatefulSet(source, buildSubject(source), buildRestoreOf()));
}

function initContainersOf({ spec }: StatefulSet): string[] {
  return (spec.template.spec.initContainers ?? []).map(({ name }) => name);
}

for (const name of Object.keys(SHAPES)) {
  test(`${name}: what is created is already as the webhook would make it, however often, and goes away again`, () => {
    const workload = created(name);
    const input = { workload, old: undefined, image: IMAGE, settings: SETTINGS, today: '2026-11-21' };
    assert.deepEqual(decideMutation(input).workload, workload);
    assert.equal(decideValidation(input).code, 'protected');
    const again = inject(strip(workload), SETTINGS, IMAGE);
    assert.ok(again.kind === 'injected');
    assert.deepEqual(again.workload, workload);
    assert.doesNotMatch(JSON.stringify(strip(workload).spec.template), /"name":"walguard/);
  });
}

test('where the image would undo a recovery, it is made before, behind the sidecar that serves it', () => {
  assert.deepEqual(initContainersOf(created('bitnami')), [SIDECAR, RECOVER]);
  assert.deepEqual(initContainersOf(created('docker-library')), [SIDECAR]);
  assert.deepEqual(initContainersOf(created('spilo')), ['data-directory-mode', SIDECAR]);
});

test("a user's own next update keeps the order, whatever else it adds", () => {
  const workload = created('bitnami');
  const next = structuredClone(workload);
  next.spec.template.spec.initContainers?.push({ name: 'own', image: 'busybox' });
  const input = { workload: next, old: workload, image: IMAGE, settings: SETTINGS, today: '2026-11-21' };
  assert.deepEqual(initContainersOf(decideMutation(input).workload), ['own', SIDECAR, RECOVER]);
});
