import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StatefulSet } from '../../src/api/kubernetes.ts';
import { ANNOTATION, SIDECAR } from '../../src/api/names.ts';
import { type AdmissionInput, decideMutation, decideValidation } from '../../src/inject/admission.ts';
import { isInjected, strip } from '../../src/inject/strip.ts';
import type { Reason } from '../../src/lib/reason.ts';
import {
  annotate,
  deleted,
  exempt,
  misnamed,
  older,
  operatorOwned,
  redis,
  withArgs,
  wrapped,
} from '../support/admission-cases.ts';
import { injected } from '../support/injected.ts';
import { buildWorkload, DRILL, IMAGE, SETTINGS } from '../support/workloads.ts';

const UNKNOWN: Reason = {
  code: 'policy-unknown',
  field: 'metadata.annotations[walguard.dev/policy]',
  seen: '"gold", which does not exist',
  remedy: 'There are: standard.',
};

const named = (policy = 'standard') => buildWorkload({ policy });

function input(
  workload: StatefulSet,
  old?: StatefulSet,
  settings: AdmissionInput['settings'] = SETTINGS,
): AdmissionInput {
  return { workload, old, image: IMAGE, settings, today: '2026-11-21' };
}

const template = ({ spec }: StatefulSet) => JSON.stringify(spec.template);

// decideMutation: | policy named | old injected | template changed | policy changed | result | code |

test('no policy named: what was injected is taken out, whatever was there before', () => {
  for (const old of [undefined, buildWorkload(), older()]) {
    const { workload, code } = decideMutation(input(injected(buildWorkload()), old, undefined));
    assert.deepEqual([workload, code], [buildWorkload(), 'no-policy']);
  }
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
  const policies = { 'as it was': SETTINGS, 'gone, or no longer valid': [UNKNOWN] };
  for (const [name, workload] of Object.entries(changes)) {
    for (const [how, settings] of Object.entries(policies)) {
      const result = decideMutation(input(workload, older(), settings));
      assert.equal(template(result.workload), template(older()), `${name}, the policy is ${how}`);
      assert.deepEqual({ ...result.workload.spec, template: 0 }, { ...workload.spec, template: 0 }, name);
      assert.deepEqual(result.workload.metadata, workload.metadata, name);
      assert.equal(result.code, 'carried-over', name);
    }
  }
});

const CHANGED: Readonly<Record<string, readonly [workload: StatefulSet, old: StatefulSet | undefined]>> = {
  'the template changed': [withArgs(named(), ['-c', 'work_mem=8MB']), older()],
  'another policy': [annotate(older(), { [ANNOTATION.policy]: 'gold' }), older()],
  'the old one is not injected': [named(), named()],
  'there is no old one': [named(), undefined],
};

for (const [name, [workload, old]] of Object.entries(CHANGED)) {
  test(`policy named, ${name}: injected anew`, () => {
    const result = decideMutation(input(workload, old));
    assert.equal(template(result.workload), template(injected(strip(workload))));
    assert.equal(result.code, 'injected');
  });
}

test('policy named that cannot be had: left as it is', () => {
  const { workload, code } = decideMutation(input(named(), undefined, [UNKNOWN]));
  assert.deepEqual([workload, code], [named(), 'policy-unknown']);
});

test('policy named, but no Postgres: left as it is', () => {
  const workload = redis('standard');
  assert.deepEqual(decideMutation(input(workload)), { workload, code: 'not-postgres' });
});

test('policy named, cannot be injected: what was injected is taken out', () => {
  const changed = withArgs(older(), ['-c', 'archive_mode=on', '-c', 'archive_command=/bin/true']);
  const { workload, code } = decideMutation(input(changed, older()));
  assert.deepEqual([isInjected(workload), code], [false, 'not-injected']);
});

test('asked again about its own result, as an API server may, it answers the same with the same code', () => {
  const rows: readonly (readonly [StatefulSet, StatefulSet?])[] = [
    ...Object.values(CHANGED).map(([workload, old]) => (old ? ([workload, old] as const) : ([workload] as const))),
    [named(), older()],
    [buildWorkload(), older()],
    [redis('standard')],
    [wrapped('standard'), older()],
  ];
  for (const [workload, old] of rows) {
    const once = decideMutation(input(workload, old));
    const twice = decideMutation(input(once.workload, old));
    assert.equal(JSON.stringify(twice), JSON.stringify(once));
  }
});

// decideValidation: | object | a rule denies | before | carried over | verdict |

interface Row {
  readonly name: string;
  readonly workload: StatefulSet;
  readonly old?: StatefulSet;
  readonly settings?: AdmissionInput['settings'];
  readonly drills?: AdmissionInput['drills'];
  /** `refused`, or `allowed`; and where a rule has something to say, its codes. */
  readonly expected: string;
  readonly code: string;
}

const ended = () => exempt({ [ANNOTATION.exemptUntil]: '2026-11-20' });
const unprotected = buildWorkload;

const DRILLED = {
  ...SETTINGS,
  policy: 'standard',
  drills: [DRILL],
  objectives: { drillAgeSeconds: 86_400, onStaleDrill: 'refuse' as const },
};
const STALE = { policy: 'standard', drillsSince: '2026-11-01T00:00:00Z', now: '2026-11-21T10:00:00Z' };

const ROWS: readonly Row[] = [
  { name: 'being deleted', workload: deleted(), old: older(), expected: 'allowed', code: 'being-deleted' },
  { name: 'not Postgres', workload: redis(), expected: 'allowed', code: 'not-postgres' },
  { name: 'operator-owned', workload: operatorOwned(), expected: 'allowed', code: 'operator-owned' },
  {
    name: 'operator-owned, was protected',
    workload: operatorOwned(),
    old: older(),
    expected: 'allowed',
    code: 'operator-owned',
  },
  {
    name: 'a policy on what is not Postgres',
    workload: redis('standard'),
    expected: 'allowed: policy-without-effect',
    code: 'not-postgres',
  },
  { name: 'policy, injected', workload: injected(named()), expected: 'allowed', code: 'protected' },
  { name: 'policy, injected, on update', workload: older(), old: older(), expected: 'allowed', code: 'protected' },
  {
    name: 'policy, injected into a database that was there',
    workload: injected(named()),
    old: unprotected(),
    expected: 'allowed: restart-follows',
    code: 'protected',
  },
  {
    name: 'carried over, while its policy is gone',
    workload: older(),
    old: older(),
    settings: [UNKNOWN],
    expected: 'allowed: policy-unknown',
    code: 'policy-unknown',
  },
  {
    name: 'carried over, while its policy cannot be read just now',
    workload: older(),
    old: older(),
    settings: [{ ...UNKNOWN, code: 'policy-unreadable' }],
    expected: 'allowed',
    code: 'protected',
  },
  {
    name: 'injected by hand, new, the policy is not there',
    workload: injected(named('gold')),
    settings: [UNKNOWN],
    expected: 'refused: policy-unknown',
    code: 'policy-unknown',
  },
  {
    name: 'another policy that is not there, injection kept',
    workload: annotate(older(), { [ANNOTATION.policy]: 'gold' }),
    old: older(),
    settings: [UNKNOWN],
    expected: 'refused: policy-unknown',
    code: 'policy-unknown',
  },
  {
    name: 'policy, not injected, was there without protection',
    workload: wrapped('standard'),
    old: wrapped(),
    expected: 'allowed: not-injected',
    code: 'not-injected',
  },
  {
    name: 'policy, not injected, new',
    workload: wrapped('standard'),
    expected: 'refused: not-injected',
    code: 'not-injected',
  },
  {
    name: 'policy, injection taken away',
    workload: named(),
    old: older(),
    expected: 'refused: not-injected, protection-removed, restart-follows',
    code: 'not-injected',
  },
  {
    name: 'policy that is not there and a shell wrapper: both are said',
    workload: wrapped('gold'),
    settings: [UNKNOWN],
    expected: 'refused: not-injected, policy-unknown',
    code: 'not-injected',
  },
  {
    name: 'carried over, changed, and its policy wants a fresh drill',
    workload: injected(withArgs(named(), ['-c', 'work_mem=8MB'])),
    old: older(),
    settings: DRILLED,
    drills: STALE,
    expected: 'refused: drill-required',
    code: 'drill-required',
  },
  {
    name: 'carried over, unchanged, and its policy wants a fresh drill',
    workload: older(),
    old: older(),
    settings: DRILLED,
    drills: STALE,
    expected: 'allowed',
    code: 'protected',
  },
  { name: 'no policy, exemption holds', workload: exempt(), expected: 'allowed', code: 'exempt' },
  {
    name: 'no policy, exemption holds, was protected',
    workload: exempt(),
    old: older(),
    expected: 'allowed: restart-follows',
    code: 'exempt',
  },
  {
    name: 'no policy, was there without protection',
    workload: unprotected(),
    old: unprotected(),
    expected: 'allowed: backup-required',
    code: 'backup-required',
  },
  {
    name: 'no policy, was not Postgres before',
    workload: unprotected(),
    old: redis(),
    expected: 'allowed: backup-required',
    code: 'backup-required',
  },
  { name: 'no policy, new', workload: unprotected(), expected: 'refused: backup-required', code: 'backup-required' },
  {
    name: 'no policy, protection taken away',
    workload: unprotected(),
    old: older(),
    expected: 'refused: protection-removed, restart-follows',
    code: 'protection-removed',
  },
  {
    name: 'protected before, and no longer to be known as Postgres',
    workload: redis('standard'),
    old: older(),
    expected: 'refused: protection-removed, restart-follows',
    code: 'protection-removed',
  },
  {
    name: 'no policy, exemption has ended, new',
    workload: ended(),
    expected: 'refused: exemption-ended',
    code: 'exemption-ended',
  },
  {
    name: 'no policy, exemption has ended, was let in by it before',
    workload: ended(),
    old: ended(),
    expected: 'allowed: exemption-ended',
    code: 'exemption-ended',
  },
  {
    name: 'no policy, exemption has ended, was protected',
    workload: ended(),
    old: older(),
    expected: 'refused: exemption-ended, protection-removed, restart-follows',
    code: 'exemption-ended',
  },
  {
    name: 'a misspelt container in the annotation is no way round a policy',
    workload: misnamed(),
    expected: 'refused: backup-required, annotation-value',
    code: 'backup-required',
  },
  {
    name: 'a database that cannot be injected needs a policy too',
    workload: wrapped(),
    expected: 'refused: backup-required',
    code: 'backup-required',
  },
];

for (const { name, workload, old, settings, drills, expected, code } of ROWS) {
  test(`${name}: ${expected}`, () => {
    const verdict = decideValidation({ ...input(workload, old, settings), drills });
    const said = verdict.findings.map(({ reason }) => reason.code).join(', ');
    const result = verdict.allowed ? 'allowed' : 'refused';
    assert.equal(said === '' ? result : `${result}: ${said}`, expected);
    assert.equal(verdict.code, code);
  });
}

test('the init container alone does not count as an injection', () => {
  const workload = named();
  workload.spec.template.spec.initContainers = [{ name: SIDECAR, image: 'mine' }];
  assert.equal(decideValidation(input(workload)).allowed, false);
});

test('what the mutation lets through unprotected, the validation refuses with the reason', () => {
  const changed = withArgs(older(), ['-c', 'archive_command=/bin/true']);
  const mutated = decideMutation(input(changed, older()));
  const { allowed, findings } = decideValidation(input(mutated.workload, older()));
  assert.equal(allowed, false);
  const [first] = findings;
  assert.equal(first?.reason.field, 'spec.template.spec.containers[0].args[1]');
  assert.match(first?.reason.seen ?? '', /\(archive-command-present\)$/);
  assert.deepEqual(strip(mutated.workload), mutated.workload);
});
