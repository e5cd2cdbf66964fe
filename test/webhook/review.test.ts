import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import type { StatefulSet } from '../../src/api/kubernetes.ts';
import { ANNOTATION } from '../../src/api/names.ts';
import { type AdmissionInput, decideMutation } from '../../src/inject/admission.ts';
import { answerFault } from '../../src/webhook/response.ts';
import { answer, type ReviewContext, ROUTES, type Route } from '../../src/webhook/review.ts';
import {
  type AdmissionRequest,
  answerMutation,
  answerValidation,
  parseReview,
} from '../../src/webhook/workload-review.ts';
import { exempt, older, redis, withArgs } from '../support/admission-cases.ts';
import { injectable } from '../support/arbitraries.ts';
import { CASES } from '../support/cases.ts';
import { injected } from '../support/injected.ts';
import { applyAnswer, buildReview } from '../support/reviews.ts';
import { buildWorkload, DRILL, IMAGE, SETTINGS } from '../support/workloads.ts';

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
    assert.deepEqual(
      [code, response.allowed, response.patch, response.patchType],
      ['unchanged', true, undefined, undefined],
    );
  }
});

test('the mutating webhook never warns: what it would say, the other one says, or refuses for', () => {
  const changed = injected(buildWorkload({ policy: 'standard' }));
  changed.spec.template.spec.containers[0]?.args?.unshift('-c', 'archive_mode=on');
  const rows = [[redis('standard')], [changed], [changed, older()], [buildWorkload(), older()]] as const;
  for (const [workload, old] of rows) {
    assert.equal(answerMutation(requestOf(workload, old), inputOf(workload, old)).response.warnings, undefined);
  }
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

// answerValidation: | mode | refused becomes | any other finding |

const MODES = ['enforce', 'warn', 'audit'] as const;
const refused = buildWorkload();
const ending = exempt({ [ANNOTATION.exemptUntil]: '2026-11-30' });

function validate(mode: (typeof MODES)[number], workload: StatefulSet, old?: StatefulSet) {
  return answerValidation(requestOf(workload, old), inputOf(workload, old), mode);
}

test('enforce: refused is a 403 with the message, and no warning repeats it', () => {
  const { code, response } = validate('enforce', refused);
  assert.equal(code, 'backup-required');
  assert.deepEqual([response.allowed, response.warnings], [false, undefined]);
  assert.deepEqual([response.status?.code, response.status?.reason], [403, 'Forbidden']);
  assert.match(response.status?.message ?? '', /^backup-required: StatefulSet "orders": metadata\.annotations/);
});

test('enforce: an object whose name is not made yet is named by what it will begin with', () => {
  const nameless = { ...refused, metadata: { generateName: 'orders-', namespace: 'shop' } };
  assert.match(validate('enforce', nameless).response.status?.message ?? '', /StatefulSet "orders-"/);
});

test('warn: refused is allowed, with a warning for each finding', () => {
  const { code, response } = validate('warn', buildWorkload(), older());
  assert.deepEqual([code, response.allowed, response.status], ['protection-removed', true, undefined]);
  const codes = response.warnings?.map((each) => each.split(': ')[1]);
  assert.deepEqual(codes, ['protection-removed', 'restart-follows']);
  for (const warning of response.warnings ?? []) assert.match(warning, /^walguard: /);
});

test('audit: refused is allowed, and only the audit log learns of it', () => {
  const { code, response } = validate('audit', refused);
  assert.deepEqual(
    [code, response.allowed, response.status, response.warnings],
    ['backup-required', true, undefined, undefined],
  );
  assert.deepEqual(response.auditAnnotations, {
    verdict: 'backup-required',
    violations: 'backup-required metadata.annotations[walguard.dev/policy]',
  });
});

test('any other finding is a warning under enforce and warn, and not said under audit', () => {
  for (const [workload, old] of [[ending], [refused, refused]] as const) {
    for (const mode of MODES) {
      const { allowed, warnings } = validate(mode, workload, old).response;
      assert.deepEqual([allowed, warnings?.length], [true, mode === 'audit' ? undefined : 1], mode);
    }
  }
});

test('where there is nothing to say, the user reads nothing in any mode', () => {
  const workload = injected(buildWorkload({ policy: 'standard' }));
  for (const mode of MODES) {
    const auditAnnotations = { verdict: 'protected', policy: 'standard' };
    assert.deepEqual(validate(mode, workload).response, { uid: 'review-1', allowed: true, auditAnnotations });
  }
});

test('audit annotations: on every answer, with keys that an API server takes, short, and without what is not theirs', () => {
  const long = exempt({ [ANNOTATION.exempt]: `a cache\nof ${'many '.repeat(100)}words` });
  const secret = buildWorkload({ container: { env: [{ name: 'POSTGRES_PASSWORD', value: 'hunter2' }] } });
  const rows = [refused, ending, long, secret, redis(), injected(buildWorkload({ policy: 'standard' }))];
  const answers = rows.flatMap((workload) => [
    ...MODES.map((mode) => validate(mode, workload)),
    answerMutation(requestOf(workload), inputOf(workload)),
  ]);
  for (const { response } of [...answers, answerFault('u', new Error('x'.repeat(1000)))]) {
    const { auditAnnotations = {} } = response;
    assert.ok(auditAnnotations.verdict);
    for (const [key, value] of Object.entries(auditAnnotations)) {
      assert.match(key, /^(verdict|policy|violations|exempt|error)$/);
      assert.ok(value.length <= 256 && !value.includes('\n') && !value.includes('hunter2'), value);
    }
  }
  assert.equal(
    validate('warn', ending).response.auditAnnotations?.exempt,
    'until 2026-11-30: a cache, filled again from the shop',
  );
  assert.match(validate('warn', long).response.auditAnnotations?.exempt ?? '', /^without end: a cache of many .*…$/);
});

test('an exemption beside a policy does not hold, so the audit log does not say that it does', () => {
  const both = injected(exempt({ [ANNOTATION.policy]: 'standard' }));
  const { auditAnnotations } = validate('enforce', both).response;
  assert.deepEqual(auditAnnotations, { verdict: 'protected', policy: 'standard' });
});

test('asked twice about one request, the mutating webhook writes the same audit annotations', () => {
  const workload = buildWorkload({ policy: 'standard' });
  const first = answerMutation(requestOf(workload), inputOf(workload)).response;
  const patched = applyAnswer(workload, first);
  const second = answerMutation(requestOf(patched), inputOf(patched)).response;
  assert.deepEqual(second.auditAnnotations, first.auditAnnotations);
});

test('a fault of ours lets the user through, and says so', () => {
  const fault = new Error('boom');
  assert.deepEqual(answerFault('u', fault), {
    code: 'fault',
    response: {
      uid: 'u',
      allowed: true,
      warnings: ['walguard: not looked at: boom'],
      auditAnnotations: { verdict: 'fault', error: 'boom' },
    },
    fault,
  });
});

// answer: by path

const CONTEXT: ReviewContext = {
  image: IMAGE,
  engine: undefined,
  policies: { find: async () => SETTINGS, list: () => [{ metadata: { name: 'standard' } }] },
  listDatabases: async () => [],
  findDrills: () => undefined,
  now: () => new Date('2026-11-21T10:00:00Z'),
};

const ask = (route: Route, request: object, context: Partial<ReviewContext> = {}) =>
  answer(route, { uid: 'review-1', request: request as Record<string, unknown> }, { ...CONTEXT, ...context });

test("each path is one that the chart's webhook configurations call, and the other way round", () => {
  const template = readFileSync(new URL('../../chart/templates/webhook-configurations.yaml', import.meta.url), 'utf8');
  const called = new Set(template.match(/"\/(mutate|validate)[a-z/]*"/g)?.map((each) => each.slice(1, -1)));
  assert.deepEqual([...called].sort(), Object.keys(ROUTES).sort());
});

test('the three modes, and the names of the policies that there are', async () => {
  const { request } = buildReview(buildWorkload()) as { request: object };
  assert.equal((await ask('enforce', request)).response.allowed, false);
  assert.match((await ask('warn', request)).response.warnings?.join() ?? '', /there are: standard/);
  assert.equal((await ask('audit', request)).response.warnings, undefined);
  assert.equal((await ask('mutate', request)).code, 'unchanged');
});

test('a review of something else, and an answer that cannot be had, let the user through', async () => {
  const { request } = buildReview(buildWorkload({ policy: 'standard' })) as { request: object };
  const find = () => Promise.reject(new Error('boom'));
  const broken = { find, list: () => [] };
  for (const route of Object.values(ROUTES)) {
    const { code, response, fault } = await ask(route, { object: null });
    assert.deepEqual([code, response.allowed, response.uid], ['fault', true, 'review-1']);
    assert.match(fault?.message ?? '', /the review holds no /);
    if (route === 'policies' || route === 'restores' || route === 'requester') continue;
    assert.equal((await ask(route, request, { policies: broken })).response.auditAnnotations?.error, 'boom');
  }
});

test('a change of a database is judged by what is known of its drills, a new one is not', async () => {
  const settings = {
    ...SETTINGS,
    drills: [DRILL],
    objectives: { drillAgeSeconds: 86_400, onStaleDrill: 'refuse' as const },
  };
  const asked: string[] = [];
  const context: Partial<ReviewContext> = {
    policies: { find: async () => settings, list: () => [] },
    findDrills: (namespace, name) => {
      asked.push(`${namespace}/${name}`);
      return { policy: 'standard', drillsSince: '2026-11-01T00:00:00Z' };
    },
  };
  const old = injected(buildWorkload({ policy: 'standard' }));
  const changed = injected(withArgs(buildWorkload({ policy: 'standard' }), ['-c', 'work_mem=8MB']));
  const verdictOf = async (route: Route, object: StatefulSet, before?: StatefulSet) => {
    const { request } = buildReview(object, before ?? null) as { request: object };
    const { code, response } = await ask(route, { ...request, namespace: 'shop' }, context);
    return `${code} ${response.allowed} ${response.warnings?.length ?? 0}`;
  };
  assert.equal(await verdictOf('enforce', changed, old), 'drill-required false 0');
  assert.equal(await verdictOf('warn', changed, old), 'drill-required true 1');
  assert.equal(await verdictOf('enforce', old, old), 'protected true 0');
  assert.equal(await verdictOf('enforce', old), 'protected true 0');
  assert.deepEqual([...new Set(asked)], ['shop/orders']);
});
