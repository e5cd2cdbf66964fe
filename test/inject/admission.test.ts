import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StatefulSet } from '../../src/api/kubernetes.ts';
import { ANNOTATION, SIDECAR } from '../../src/api/names.ts';
import { type AdmissionInput, decideMutation, decideValidation } from '../../src/inject/admission.ts';
import { isInjected, strip } from '../../src/inject/strip.ts';
import type { Reason } from '../../src/lib/reason.ts';
import { openGoldenFolder } from '../support/golden.ts';
import { injected } from '../support/injected.ts';
import { buildWorkload, IMAGE, SETTINGS } from '../support/workloads.ts';

const golden = openGoldenFolder(import.meta.url, 'golden/admission/');
const TODAY = '2026-11-21';

const UNKNOWN: Reason = {
  code: 'policy-unknown',
  field: 'metadata.annotations[walguard.dev/policy]',
  seen: '"gold", which does not exist',
  remedy: 'There are: standard.',
};

const named = (policy = 'standard') => buildWorkload({ policy });
const older = () => injected(named(), { ...SETTINGS, archiveTimeoutSeconds: 99 }, 'example.test/walguard:0');

function annotate(workload: StatefulSet, annotations: Record<string, string>): StatefulSet {
  return { ...workload, metadata: { ...workload.metadata, annotations } };
}

function withArgs(workload: StatefulSet, args: string[]): StatefulSet {
  const result = structuredClone(workload);
  for (const container of result.spec.template.spec.containers) container.args = args;
  return result;
}

function input(
  workload: StatefulSet,
  old?: StatefulSet,
  settings: AdmissionInput['settings'] = SETTINGS,
): AdmissionInput {
  return { workload, old, image: IMAGE, settings, today: TODAY };
}

const template = ({ spec }: StatefulSet) => JSON.stringify(spec.template);

// decideMutation: | policy named | old injected | template changed | policy changed | result |

test('no policy named: what was injected is taken out, whatever was there before', () => {
  for (const old of [undefined, buildWorkload(), older()]) {
    const { workload, warnings } = decideMutation(input(injected(buildWorkload()), old, undefined));
    assert.deepEqual(workload, buildWorkload());
    assert.equal(warnings.length, old && isInjected(old) ? 1 : 0, 'a restart is announced');
  }
});

test('a database that is there already is told of its one restart', () => {
  const running = buildWorkload();
  const { workload, warnings } = decideMutation(input(named(), running));
  assert.ok(isInjected(workload));
  assert.match(warnings.join(), /^walguard: archiving is added to a running database; its pods restart once/);
  assert.ok(warnings.every((warning) => warning.length <= 120));
  assert.deepEqual(decideMutation(input(workload, workload)).warnings, []);
});

test('an empty policy annotation names none', () => {
  const workload = annotate(injected(buildWorkload()), { [ANNOTATION.policy]: '' });
  assert.equal(isInjected(decideMutation(input(workload, undefined, undefined)).workload), false);
});

test('policy named, old injected, nothing of the template changed: the old injection stays, byte for byte', () => {
  const relabelled = { ...older(), metadata: { ...older().metadata, labels: { team: 'shop' } } };
  const changes: Readonly<Record<string, StatefulSet>> = {
    'the same object': older(),
    'other replicas': { ...older(), spec: { ...older().spec, replicas: 3 } },
    'labels of its metadata': relabelled,
    'applied again without the injection': named(),
    'injected anew by another walguard': injected(named(), SETTINGS, 'example.test/walguard:2'),
  };
  for (const [name, workload] of Object.entries(changes)) {
    const result = decideMutation(input(workload, older()));
    assert.equal(template(result.workload), template(older()), name);
    assert.deepEqual({ ...result.workload.spec, template: 0 }, { ...workload.spec, template: 0 }, name);
    assert.deepEqual(result.workload.metadata, workload.metadata, name);
    assert.deepEqual(result.warnings, [], name);
  }
});

test('the old injection stays even where the policy cannot be read just now', () => {
  const result = decideMutation(input(named(), older(), [UNKNOWN]));
  assert.equal(template(result.workload), template(older()));
});

test('policy named, old injected, the template changed: injected anew', () => {
  const changed = withArgs(named(), ['-c', 'work_mem=8MB']);
  const result = decideMutation(input(changed, older()));
  assert.equal(template(result.workload), template(injected(changed)));
});

test('policy named, old injected, another policy: injected anew', () => {
  const result = decideMutation(input(annotate(older(), { [ANNOTATION.policy]: 'gold' }), older()));
  assert.equal(template(result.workload), template(injected(named('gold'))));
});

test('policy named, old not injected: injected', () => {
  const result = decideMutation(input(named(), named()));
  assert.equal(template(result.workload), template(injected(named())));
});

test('policy named, no old object: injected', () => {
  const { workload, warnings } = decideMutation(input(named()));
  assert.equal(template(workload), template(injected(named())));
  assert.deepEqual(warnings, []);
});

test('policy named that cannot be had: left as it is, with the reason as a warning', () => {
  const { workload, warnings } = decideMutation(input(named(), undefined, [UNKNOWN]));
  assert.deepEqual(workload, named());
  assert.deepEqual(warnings, [
    'walguard: policy-unknown: metadata.annotations[walguard.dev/policy] is "gold", which does not exist. There are: standard.',
  ]);
});

test('policy named, but no Postgres: left as it is, with a warning', () => {
  const redis = buildWorkload({ policy: 'standard', container: { image: 'redis:7' } });
  const { workload, warnings } = decideMutation(input(redis));
  assert.deepEqual(workload, redis);
  assert.match(warnings.join(), /^walguard: left alone: ./);
});

test('policy named, cannot be injected: what was injected is taken out, with a warning for each reason', () => {
  const changed = withArgs(older(), ['-c', 'archive_mode=on', '-c', 'archive_command=/bin/true']);
  const { workload, warnings } = decideMutation(input(changed, older()));
  assert.equal(isInjected(workload), false);
  assert.equal(warnings.length, 2);
});

// decideValidation: one row of its table each; the first that fits decides.

const EXEMPT = { [ANNOTATION.exempt]: 'a cache, filled again from the shop' };
const wrapped = (policy?: string) =>
  buildWorkload({ ...(policy ? { policy } : {}), container: { command: ['/bin/sh', '-c', 'exec postgres'] } });

interface Row {
  readonly name: string;
  readonly workload: StatefulSet;
  readonly old?: StatefulSet;
  readonly settings?: AdmissionInput['settings'];
  readonly allowed: boolean;
  readonly code: string;
  readonly hasMessage?: boolean;
}

function owned(): StatefulSet {
  const workload = buildWorkload();
  workload.metadata.ownerReferences = [
    { apiVersion: 'acid.zalan.do/v1', kind: 'postgresql', name: 'orders', uid: '1', controller: true },
  ];
  return workload;
}

function deleted(): StatefulSet {
  const workload = buildWorkload();
  workload.metadata.deletionTimestamp = '2026-11-21T00:00:00Z';
  return workload;
}

const redis = () => buildWorkload({ container: { image: 'redis:7' } });
const exempt = (more: Record<string, string> = {}) => annotate(buildWorkload(), { ...EXEMPT, ...more });

const misnamed = () => annotate(buildWorkload(), { [ANNOTATION.container]: 'postgress' });

const ROWS: readonly Row[] = [
  { name: 'being deleted', workload: deleted(), old: older(), allowed: true, code: 'being-deleted' },
  { name: 'not Postgres', workload: redis(), allowed: true, code: 'not-postgres' },
  { name: 'operator-owned', workload: owned(), allowed: true, code: 'operator-owned' },
  { name: 'policy, injected', workload: injected(named()), allowed: true, code: 'protected' },
  { name: 'policy, injected, on update', workload: older(), old: older(), allowed: true, code: 'protected' },
  {
    name: 'policy, not injected, was there without protection',
    workload: wrapped('standard'),
    old: wrapped(),
    allowed: true,
    code: 'not-injected',
    hasMessage: true,
  },
  {
    name: 'policy, not injected, new',
    workload: wrapped('standard'),
    allowed: false,
    code: 'not-injected',
    hasMessage: true,
  },
  {
    name: 'policy, injection taken away',
    workload: named(),
    old: older(),
    allowed: false,
    code: 'not-injected',
    hasMessage: true,
  },
  { name: 'no policy, exemption holds', workload: exempt(), allowed: true, code: 'exempt' },
  {
    name: 'no policy, exemption holds, was protected',
    workload: exempt(),
    old: older(),
    allowed: true,
    code: 'exempt',
  },
  {
    name: 'no policy, was there without protection',
    workload: buildWorkload(),
    old: buildWorkload(),
    allowed: true,
    code: 'backup-required',
    hasMessage: true,
  },
  { name: 'no policy, new', workload: buildWorkload(), allowed: false, code: 'backup-required', hasMessage: true },
  {
    name: 'no policy, protection taken away',
    workload: buildWorkload(),
    old: older(),
    allowed: false,
    code: 'backup-required',
    hasMessage: true,
  },
  {
    name: 'no policy, exemption has ended',
    workload: exempt({ [ANNOTATION.exemptUntil]: '2026-11-20' }),
    allowed: false,
    code: 'backup-required',
    hasMessage: true,
  },
  {
    name: 'a misspelt container in the annotation is no way round a policy',
    workload: misnamed(),
    allowed: false,
    code: 'backup-required',
    hasMessage: true,
  },
  {
    name: 'a database that cannot be injected needs a policy too',
    workload: wrapped(),
    allowed: false,
    code: 'backup-required',
    hasMessage: true,
  },
];

for (const { name, workload, old, allowed, code, hasMessage = false } of ROWS) {
  test(`${name}: ${allowed ? 'allowed' : 'refused'}${hasMessage ? ' with a message' : ''}`, () => {
    const verdict = decideValidation(input(workload, old));
    assert.deepEqual([verdict.allowed, verdict.code, verdict.message !== undefined], [allowed, code, hasMessage]);
  });
}

test('the init container alone does not count as an injection', () => {
  const workload = named();
  workload.spec.template.spec.initContainers = [{ name: SIDECAR, image: 'mine' }];
  assert.equal(decideValidation(input(workload)).allowed, false);
});

test('what the mutation lets through unprotected, the validation refuses with the same reason', () => {
  const changed = withArgs(older(), ['-c', 'archive_command=/bin/true']);
  const mutated = decideMutation(input(changed, older()));
  const verdict = decideValidation(input(mutated.workload, older()));
  assert.equal(verdict.allowed, false);
  assert.match(verdict.message ?? '', /archive-command-present: spec\.template\.spec\.containers\[0\]\.args\[1\]/);
  assert.deepEqual(strip(mutated.workload), mutated.workload);
});

const MESSAGES: Readonly<Record<string, AdmissionInput>> = {
  'no policy': input(buildWorkload()),
  'no policy, name not yet made': input({
    ...buildWorkload(),
    metadata: { generateName: 'orders-', namespace: 'shop' },
  }),
  'no policy, exemption without a reason': input(exempt({ [ANNOTATION.exempt]: ' ' })),
  'no policy, exemption ended': input(exempt({ [ANNOTATION.exemptUntil]: '2026-11-20' })),
  'no policy, exemption with a wrong date': input(exempt({ [ANNOTATION.exemptUntil]: 'never' })),
  'policy unknown': input(named('gold'), undefined, [UNKNOWN]),
  'cannot be injected': input(wrapped('standard')),
  'the mutating webhook did not run': input(named()),
};

test('what a refused person reads is as the golden file has it', () => {
  const texts = Object.entries(MESSAGES).map(([name, each]) => `# ${name}\n${decideValidation(each).message}\n`);
  golden.assert('messages.txt', texts.join('\n'));
});

test('there is no golden file that no test compares', () => golden.assertNoStale());
