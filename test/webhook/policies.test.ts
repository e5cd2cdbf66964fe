import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import { findSettings } from '../../src/webhook/policies.ts';
import { createFakeKube } from '../support/fake-kube.ts';
import { buildWorkload } from '../support/workloads.ts';
import { POLICY } from '../support/world.ts';

const STANDARD = POLICY as unknown as KubeObject;
const bronze = { ...STANDARD, metadata: { name: 'bronze' } };

test('a workload that names no policy has no settings, and nobody is asked', async () => {
  const kube = createFakeKube();
  kube.failWith(new Error('must not be asked'));
  assert.equal(await findSettings(kube, buildWorkload()), undefined);
  assert.equal(await findSettings(kube, buildWorkload({ policy: '' })), undefined);
});

test('the settings of the named policy have their defaults filled in', async () => {
  const settings = await findSettings(createFakeKube(STANDARD, bronze), buildWorkload({ policy: 'bronze' }));
  assert.ok(settings && 'policy' in settings);
  assert.deepEqual([settings.policy, settings.archiveTimeoutSeconds], ['bronze', 60]);
});

interface Row {
  readonly name: string;
  readonly objects: readonly KubeObject[];
  readonly code: string;
  readonly remedy: RegExp;
}

const ROWS: readonly Row[] = [
  {
    name: 'does not exist, among others',
    objects: [STANDARD, bronze],
    code: 'policy-unknown',
    remedy: /^There are: bronze, standard\.$/,
  },
  { name: 'does not exist, nor does any', objects: [], code: 'policy-unknown', remedy: /There is none yet/ },
  {
    name: 'is not valid',
    objects: [{ ...STANDARD, metadata: { name: 'gold' }, spec: { storage: { s3: { prefix: 'x' } } } }],
    code: 'policy-invalid',
    remedy: /./,
  },
];

for (const { name, objects, code, remedy } of ROWS) {
  test(`a policy that ${name}: ${code}`, async () => {
    const refusals = await findSettings(createFakeKube(...objects), buildWorkload({ policy: 'gold' }));
    assert.ok(Array.isArray(refusals));
    assert.equal(refusals[0]?.code, code);
    assert.match(refusals[0]?.remedy ?? '', remedy);
  });
}

test('an API server that does not answer is a refusal with what it said', async () => {
  const kube = createFakeKube(STANDARD);
  kube.failWith(new Error('connection refused'));
  const refusals = await findSettings(kube, buildWorkload({ policy: 'standard' }));
  assert.ok(Array.isArray(refusals));
  assert.equal(refusals[0]?.code, 'policy-unreadable');
  assert.match(refusals[0]?.seen ?? '', /connection refused/);
});
