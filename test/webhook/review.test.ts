import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import type { StatefulSet } from '../../src/api/kubernetes.ts';
import { ANNOTATION } from '../../src/api/names.ts';
import { type AdmissionInput, decideMutation } from '../../src/inject/admission.ts';
import {
  type AdmissionRequest,
  answerFault,
  answerMutation,
  answerValidation,
  parseReview,
} from '../../src/webhook/review.ts';
import { injectable } from '../support/arbitraries.ts';
import { CASES } from '../support/cases.ts';
import { injected } from '../support/injected.ts';
import { applyAnswer, buildReview } from '../support/reviews.ts';
import { buildWorkload, IMAGE, SETTINGS } from '../support/workloads.ts';

function requestOf(object: StatefulSet, old?: StatefulSet): AdmissionRequest {
  return parseReview(JSON.parse(JSON.stringify(buildReview(object, old ?? null)))) ?? assert.fail('no review');
}

function inputOf(workload: StatefulSet, old?: StatefulSet): AdmissionInput {
  return { workload, old, image: IMAGE, settings: SETTINGS, today: '2026-11-21' };
}

test('a review of a StatefulSet is read', () => {
  const request = requestOf(buildWorkload());
  assert.deepEqual([request.uid, request.operation, request.namespace], ['review-1', 'CREATE', 'shop']);
  assert.deepEqual(request.object, buildWorkload());
});

const NO_REVIEWS: Readonly<Record<string, unknown>> = {
  nothing: undefined,
  null: null,
  'a list': [],
  'a text': 'review',
  'no request': { kind: 'AdmissionReview' },
  'a request of null': { request: null },
  'no uid': { request: { object: buildWorkload() } },
  'no object, as on DELETE': { request: { uid: 'a', object: null } },
  'an object without metadata': { request: { uid: 'a', object: { spec: {} } } },
  'an object without spec': { request: { uid: 'a', object: { metadata: {} } } },
};

for (const [name, body] of Object.entries(NO_REVIEWS)) {
  test(`no review: ${name}`, () => assert.equal(parseReview(body), undefined));
}

for (const [name, build] of Object.entries(CASES)) {
  test(`${name}: the patch, applied to what was sent, gives exactly the wanted object`, () => {
    const { code, response } = answerMutation(requestOf(build()), inputOf(build()));
    assert.deepEqual(
      [code, response.allowed, response.patchType, response.uid],
      ['patched', true, 'JSONPatch', 'review-1'],
    );
    assert.deepEqual(applyAnswer(build(), response), injected(build()));
    const golden = readFileSync(new URL(`../inject/golden/${name}.yaml`, import.meta.url), 'utf8');
    assert.deepEqual(
      applyAnswer(build(), response),
      parse(golden),
      'it is the golden file that the command line meets too',
    );
  });

  test(`${name}: the patch of an update that removes the policy gives back the original`, () => {
    const { [ANNOTATION.policy]: _policy, ...annotations } = build().metadata.annotations ?? {};
    const bare = { ...build(), metadata: { ...build().metadata, annotations } };
    const sent = { ...injected(build()), metadata: bare.metadata };
    const { response } = answerMutation(requestOf(sent, injected(build())), inputOf(sent, injected(build())));
    assert.deepEqual(applyAnswer(sent, response), bare);
  });
}

test('whatever is sent, the patch gives what was decided', () => {
  const policy = fc.constantFrom(undefined, 'standard');
  fc.assert(
    fc.property(injectable, policy, fc.boolean(), (workload, name, wasInjected) => {
      const sent = wasInjected ? injected(workload) : workload;
      if (name) sent.metadata.annotations = { ...sent.metadata.annotations, [ANNOTATION.policy]: name };
      const { response } = answerMutation(requestOf(sent), inputOf(sent));
      assert.deepEqual(applyAnswer(sent, response), decideMutation(inputOf(sent)).workload);
    }),
    { numRuns: 200 },
  );
});

test('what needs no change gets no patch', () => {
  for (const workload of [buildWorkload(), injected(buildWorkload({ policy: 'standard' }))]) {
    const { code, response } = answerMutation(requestOf(workload), inputOf(workload));
    assert.deepEqual([code, response], ['unchanged', { uid: 'review-1', allowed: true }]);
  }
});

test('warnings travel with and without a patch', () => {
  const redis = buildWorkload({ policy: 'standard', container: { image: 'redis:7' } });
  assert.equal(answerMutation(requestOf(redis), inputOf(redis)).response.warnings?.length, 1);
  const changed = injected(buildWorkload({ policy: 'standard' }));
  changed.spec.template.spec.containers[0]?.args?.unshift('-c', 'archive_mode=on');
  const { code, response } = answerMutation(requestOf(changed), inputOf(changed));
  assert.deepEqual([code, response.warnings?.length], ['patched', 1]);
});

test('a patch that would touch what may not be touched on UPDATE is never sent', () => {
  const sent = buildWorkload({ policy: 'standard' });
  const changes: Partial<StatefulSet['spec']> = {
    volumeClaimTemplates: [...(sent.spec.volumeClaimTemplates ?? []), { metadata: { name: 'more' }, spec: {} }],
    selector: { matchLabels: { app: 'other' } },
    serviceName: 'other',
    replicas: 9,
  };
  for (const [field, value] of Object.entries(changes)) {
    const other = { ...sent, spec: { ...sent.spec, [field]: value } };
    assert.throws(() => answerMutation(requestOf(sent), inputOf(other)), new RegExp(`would change spec\\.${field}`));
  }
});

// answerValidation: | mode | refused becomes |

const refused = buildWorkload();

test('enforce: refused is a 403 with the message', () => {
  const { code, response } = answerValidation(requestOf(refused), inputOf(refused), 'enforce');
  assert.equal(code, 'backup-required');
  assert.equal(response.allowed, false);
  assert.deepEqual([response.status?.code, response.status?.reason], [403, 'Forbidden']);
  assert.match(response.status?.message ?? '', /^backup-required: StatefulSet "orders"/);
  assert.deepEqual(response.auditAnnotations, { verdict: 'backup-required' });
});

test('warn: refused is allowed, with the message as a warning', () => {
  const { code, response } = answerValidation(requestOf(refused), inputOf(refused), 'warn');
  assert.deepEqual([code, response.allowed, response.status], ['backup-required', true, undefined]);
  assert.match(response.warnings?.join() ?? '', /^walguard: backup-required: /);
});

test('audit: refused is allowed, and only the audit log learns of it', () => {
  const { code, response } = answerValidation(requestOf(refused), inputOf(refused), 'audit');
  assert.deepEqual(
    [code, response.allowed, response.status, response.warnings],
    ['backup-required', true, undefined, undefined],
  );
  assert.match(response.auditAnnotations?.message ?? '', /^backup-required: /);
});

test('allowed with a message is a warning under enforce and warn, an audit annotation under audit', () => {
  const there = (mode: 'enforce' | 'warn' | 'audit') =>
    answerValidation(requestOf(refused, refused), inputOf(refused, refused), mode).response;
  assert.deepEqual([there('enforce').allowed, there('enforce').warnings?.length], [true, 1]);
  assert.deepEqual([there('warn').allowed, there('warn').warnings?.length], [true, 1]);
  assert.deepEqual([there('audit').allowed, there('audit').warnings], [true, undefined]);
});

test('allowed without a message says nothing to the user in any mode', () => {
  const workload = injected(buildWorkload({ policy: 'standard' }));
  for (const mode of ['enforce', 'warn', 'audit'] as const) {
    assert.deepEqual(answerValidation(requestOf(workload), inputOf(workload), mode).response, {
      uid: 'review-1',
      allowed: true,
      auditAnnotations: { verdict: 'protected' },
    });
  }
});

test('audit annotations have keys that an API server takes', () => {
  for (const mode of ['enforce', 'warn', 'audit'] as const) {
    const { response } = answerValidation(requestOf(refused), inputOf(refused), mode);
    for (const key of Object.keys(response.auditAnnotations ?? {})) assert.match(key, /^[a-z]([-a-z]*[a-z])?$/);
  }
});

test('a fault of ours lets the user through, and says so', () => {
  assert.deepEqual(answerFault('u', new Error('boom')), {
    code: 'fault',
    response: { uid: 'u', allowed: true, warnings: ['walguard: not looked at: boom'] },
  });
});
