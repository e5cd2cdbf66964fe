import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveSubject } from '../../src/controller/subject.ts';
import type { World } from '../../src/controller/world.ts';
import { buildWorkload, IMAGE } from '../support/workloads.ts';
import { POLICY } from '../support/world.ts';

/** Of a database that names the policy with this in its spec. */
function resolve(changes: object) {
  const policy = { ...POLICY, spec: { ...POLICY.spec, ...changes } } as World['policies'][number];
  const workload = buildWorkload({ policy: POLICY.metadata.name ?? '' });
  return resolveSubject(workload, { policies: [policy], image: IMAGE });
}

test('a policy that a rule denies is carried out all the same: its databases were there before the rule', () => {
  const subject = resolve({ objectives: { rpo: '1s' }, retention: { recoveryWindow: '7d', keepDaily: 3 } });
  assert.ok(typeof subject === 'object');
  assert.equal(subject.settings.archive.timeoutSeconds, 60);
});

test('what breaks the schema is named with the policy and its field', () => {
  assert.match(String(resolve({ archiv: {} })), /^policy-invalid: BackupPolicy\/standard spec\.archiv is no field/);
});
