// Each rule over a StatefulSet: what it finds, as text, and what it lets pass. The cases are changes of the minimal workload.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import type { StatefulSet } from '../../src/api/kubernetes.ts';
import { ANNOTATION, LABEL } from '../../src/api/names.ts';
import { type AdmissionInput, gatherFacts } from '../../src/inject/facts.ts';
import type { Reason } from '../../src/lib/reason.ts';
import { describeDenial, describeWarning } from '../../src/policy/denial.ts';
import { policyUnknown } from '../../src/policy/find-settings.ts';
import { evaluate, type Judged } from '../../src/policy/rule.ts';
import { WORKLOAD_RULES } from '../../src/policy/rules/workload.ts';
import type { Settings } from '../../src/policy/settings.ts';
import {
  annotate,
  EXEMPT,
  exempt,
  misnamed,
  older,
  operatorOwned,
  redis,
  withArgs,
  wrapped,
} from '../support/admission-cases.ts';
import { openGoldenFolder } from '../support/golden.ts';
import { injected } from '../support/injected.ts';
import { buildWorkload, DRILL, IMAGE, SETTINGS } from '../support/workloads.ts';

const golden = openGoldenFolder(import.meta.url, 'golden/workload-rules/');
const TODAY = '2026-11-21';

type Case = Partial<AdmissionInput> & Pick<AdmissionInput, 'workload'>;

const named = (policy = 'standard') => buildWorkload({ policy });
const until = (date: string) => exempt({ [ANNOTATION.exemptUntil]: date });
const reason = (code: string, seen: string, remedy: string): Reason => ({
  code,
  field: 'metadata.annotations[walguard.dev/policy]',
  seen,
  remedy,
});

function withTemplate(workload: StatefulSet, metadata: NonNullable<StatefulSet['metadata']>): StatefulSet {
  const result = structuredClone(workload);
  result.spec.template.metadata = { ...result.spec.template.metadata, ...metadata };
  return result;
}

function withLabels(workload: StatefulSet, labels: Record<string, string>): StatefulSet {
  return { ...workload, metadata: { ...workload.metadata, labels } };
}

const MISPLACED = withTemplate(buildWorkload(), { annotations: { [ANNOTATION.policy]: 'standard' } });
const REPORTED = { workload: injected(named()) };
const wants = (minReplicas: number, minClaimSize: string) => ({
  ...SETTINGS,
  workload: { minReplicas, minClaimSize },
});

const DAY = 86_400;
const drilled = (onStaleDrill: 'ignore' | 'warn' | 'refuse'): Settings => ({
  ...SETTINGS,
  policy: 'standard',
  drills: [{ ...DRILL, timeoutSeconds: DAY / 4 }],
  objectives: { drillAgeSeconds: 8 * DAY, onStaleDrill },
});
const NOW = '2026-11-21T10:00:00Z';
/** Last good drill and since when they are asked for, in days. */
function stands(good: number | undefined, since: number): AdmissionInput['drills'] {
  const ago = (days: number) => new Date(Date.parse(NOW) - days * DAY * 1000).toISOString();
  const last = good === undefined ? {} : { lastSuccessfulDrill: ago(good) };
  return { policy: 'standard', drillsSince: ago(since), ...last, now: NOW };
}
const ROLLOUT = { workload: injected(withArgs(named(), ['-c', 'work_mem=8MB'])), old: older() };

/** A rule's findings by name, and cases in which it has nothing to say. */
const CASES: Readonly<Record<string, { readonly bad: Record<string, Case>; readonly good: Record<string, Case> }>> = {
  'annotation-misplaced': {
    bad: {
      'the policy on the pod template of an exempt database': {
        workload: annotate(MISPLACED, EXEMPT),
      },
      'the flavour as a label': { workload: withLabels(injected(named()), { [ANNOTATION.flavour]: 'bitnami' }) },
      "the namespace's mode": {
        workload: annotate(injected(named()), { [ANNOTATION.policy]: 'standard', [LABEL.mode]: 'off' }),
      },
      'on what is not Postgres': { workload: withTemplate(redis(), { annotations: { [ANNOTATION.container]: 'db' } }) },
    },
    good: {
      'where it belongs': REPORTED,
      "walguard's own names": {
        workload: withTemplate(withLabels(injected(named()), { [LABEL.restore]: 'undo' }), {
          labels: { [LABEL.restore]: 'undo' },
        }),
      },
      'backup-required says it': { workload: MISPLACED },
    },
  },
  'annotation-unknown': {
    bad: {
      'a slip of the pen': {
        workload: annotate(injected(named()), { [ANNOTATION.policy]: 'standard', 'walguard.dev/flavor': 'bitnami' }),
      },
      'nothing that is near': {
        workload: annotate(injected(named()), {
          [ANNOTATION.policy]: 'standard',
          'walguard.dev/schedule-of-backups': 'daily',
        }),
      },
      'a slip in the prefix, on the template': {
        workload: withTemplate(injected(named()), { annotations: { 'walgaurd.dev/container': 'db' } }),
      },
    },
    good: {
      'known ones': {
        workload: annotate(injected(named()), Object.fromEntries(Object.values(ANNOTATION).map((name) => [name, 'x']))),
      },
      'the record of the injection': REPORTED,
      "somebody else's": { workload: annotate(named(), { 'walrus.example/policy': 'x', 'example.com/policy': 'y' }) },
      'backup-required says it': { workload: annotate(buildWorkload(), { 'walguard.dev/polcy': 'standard' }) },
    },
  },
  'annotation-value': {
    bad: {
      'a flavour of an exempt database': { workload: exempt({ [ANNOTATION.flavour]: 'bitnamy' }) },
      'a container': { workload: misnamed() },
      'archive-settings of one that is carried over': {
        workload: annotate(older(), { [ANNOTATION.policy]: 'standard', [ANNOTATION.archiveSettings]: 'takeover' }),
        old: older(),
      },
    },
    good: {
      'a right one': {
        workload: exempt({ [ANNOTATION.flavour]: 'bitnami', [ANNOTATION.archiveSettings]: 'external' }),
      },
      'not-injected says it': {
        workload: annotate(buildWorkload(), { [ANNOTATION.policy]: 'standard', [ANNOTATION.flavour]: 'bitnamy' }),
      },
    },
  },
  'backup-required': {
    bad: {
      'no policy': { workload: buildWorkload() },
      'no policy, and it is known which there are': { workload: buildWorkload(), policyNames: ['pitr', 'gold'] },
      'an empty one': { workload: named('') },
      'the policy on the pod template': { workload: MISPLACED },
      'the policy as a label': { workload: withLabels(buildWorkload(), { [ANNOTATION.policy]: 'standard' }) },
      'the name misspelt': { workload: annotate(buildWorkload(), { 'walguard.dev/polcy': 'standard' }) },
      'on update, was there': { workload: buildWorkload(), old: buildWorkload() },
    },
    good: {
      'a policy': REPORTED,
      exempt: { workload: exempt() },
      'not Postgres': { workload: redis() },
      'operator-owned': { workload: operatorOwned() },
      'protection-removed says it': { workload: buildWorkload(), old: older() },
    },
  },
  'drill-required': {
    bad: {
      'a change while the last good drill is too old': {
        ...ROLLOUT,
        settings: drilled('refuse'),
        drills: stands(9, 99),
      },
      'a change while none was ever good': { ...ROLLOUT, settings: drilled('refuse'), drills: stands(undefined, 9) },
    },
    good: {
      'a young drill': { ...ROLLOUT, settings: drilled('refuse'), drills: stands(8, 99) },
      'the first one was not due yet': { ...ROLLOUT, settings: drilled('refuse'), drills: stands(undefined, 8) },
      'drills are asked for again since a moment': { ...ROLLOUT, settings: drilled('refuse'), drills: stands(99, 1) },
      'nothing is known': { ...ROLLOUT, settings: drilled('refuse') },
      'the pods stay': { workload: older(), old: older(), settings: drilled('refuse'), drills: stands(9, 99) },
      'a new database of the name of an old one': {
        workload: injected(named()),
        settings: drilled('refuse'),
        drills: stands(9, 99),
      },
      'it is archived from now on': {
        workload: injected(named()),
        old: named(),
        settings: drilled('refuse'),
        drills: stands(9, 99),
      },
      'the policy only warns': { ...ROLLOUT, settings: drilled('warn'), drills: stands(9, 99) },
    },
  },
  'drill-stale': {
    bad: {
      'a change while the last good drill is too old': { ...ROLLOUT, settings: drilled('warn'), drills: stands(9, 99) },
    },
    good: {
      'a young drill': { ...ROLLOUT, settings: drilled('warn'), drills: stands(8, 99) },
      'nobody is to be told': { ...ROLLOUT, settings: drilled('ignore'), drills: stands(9, 99) },
      'another rule refuses': { ...ROLLOUT, settings: drilled('refuse'), drills: stands(9, 99) },
    },
  },
  'exemption-date': {
    bad: { 'a word': { workload: until('never') } },
    good: {
      'a date': { workload: until('2027-01-01') },
      'a policy is named': {
        workload: annotate(named(), { ...EXEMPT, [ANNOTATION.policy]: 'standard', [ANNOTATION.exemptUntil]: 'never' }),
      },
    },
  },
  'exemption-ended': {
    bad: { yesterday: { workload: until('2026-11-20') } },
    good: {
      today: { workload: until(TODAY) },
      'not Postgres': { workload: annotate(redis(), { ...EXEMPT, [ANNOTATION.exemptUntil]: '2026-11-20' }) },
    },
  },
  'exemption-ending': {
    bad: {
      today: { workload: until(TODAY) },
      tomorrow: { workload: until('2026-11-22') },
      'in 14 days': { workload: until('2026-12-05') },
    },
    good: {
      'in 15 days': { workload: until('2026-12-06') },
      'without end': { workload: exempt() },
      ended: { workload: until('2026-11-20') },
    },
  },
  'exemption-needless': {
    bad: {
      'beside a policy': { workload: annotate(injected(named()), { [ANNOTATION.policy]: 'standard', ...EXEMPT }) },
    },
    good: { alone: { workload: exempt() }, 'a policy alone': REPORTED },
  },
  'exemption-without-reason': {
    bad: { blank: { workload: exempt({ [ANNOTATION.exempt]: ' ' }) } },
    good: { 'with one': { workload: exempt() } },
  },
  'not-injected': {
    bad: {
      'a shell wrapper': { workload: wrapped('standard') },
      'two reasons': {
        workload: withArgs(named(), ['-c', 'archive_mode=on', '-c', 'archive_command=/bin/true']),
      },
      'an unknown flavour': {
        workload: annotate(buildWorkload(), { [ANNOTATION.policy]: 'standard', [ANNOTATION.flavour]: 'bitnamy' }),
      },
      'the mutating webhook did not run': { workload: named() },
    },
    good: { injected: REPORTED, 'no policy': { workload: wrapped() }, 'not Postgres': { workload: redis('standard') } },
  },
  'policy-invalid': {
    bad: {
      'by its schema': {
        workload: named(),
        settings: [
          { ...reason('policy-invalid', 'missing', 'Add it.'), field: 'BackupPolicy/standard spec.storage.s3' },
        ],
      },
      'by a rule': {
        workload: named(),
        settings: [{ ...reason('kms-key', 'given', 'Leave it out.'), field: 'BackupPolicy/standard spec.storage.s3' }],
      },
    },
    good: {
      valid: REPORTED,
      unknown: { workload: named(), settings: [reason('policy-unknown', 'x', 'y')] },
      'not Postgres': { workload: redis('standard'), settings: [reason('policy-invalid', 'x', 'y')] },
    },
  },
  'policy-unknown': {
    bad: {
      'one that does not exist': {
        workload: named('gold'),
        settings: [policyUnknown('gold', [{ metadata: { name: 'standard' } }])],
      },
    },
    good: { known: REPORTED, 'not Postgres': { workload: redis('gold'), settings: [policyUnknown('gold', [])] } },
  },
  'policy-unreadable': {
    bad: {
      'no answer': {
        workload: named(),
        settings: [
          reason(
            'policy-unreadable',
            '"standard", which could not be read (no answer within 2 s)',
            'Apply again in a moment.',
          ),
        ],
      },
    },
    good: {
      known: REPORTED,
      'carried over': { workload: older(), old: older(), settings: [reason('policy-unreadable', 'x', 'y')] },
    },
  },
  'policy-without-effect': {
    bad: {
      'not Postgres': { workload: redis('standard') },
      'operator-owned': {
        workload: {
          ...operatorOwned(),
          metadata: { ...operatorOwned().metadata, annotations: { [ANNOTATION.policy]: 'standard' } },
        },
      },
    },
    good: {
      'a database': { workload: named() },
      'no policy': { workload: redis() },
      'protection-removed says it': { workload: redis('standard'), old: older() },
    },
  },
  'protection-removed': {
    bad: {
      'the policy is taken away': { workload: buildWorkload(), old: older() },
      'it cannot be injected any more': { workload: wrapped('standard'), old: older() },
      'it no longer looks like Postgres': { workload: redis('standard'), old: older() },
    },
    good: {
      'a database from before': { workload: buildWorkload(), old: buildWorkload() },
      'still injected': { workload: older(), old: older() },
      'an exemption in its place': { workload: exempt(), old: older() },
      'an operator takes over': { workload: operatorOwned(), old: older() },
    },
  },
  'restart-follows': {
    bad: {
      'archiving goes in': { workload: injected(named()), old: buildWorkload() },
      'archiving goes out': { workload: exempt(), old: older() },
      'another policy': {
        workload: injected(named('gold'), {
          ...SETTINGS,
          policy: 'gold',
          archive: { ...SETTINGS.archive, timeoutSeconds: 5 },
        }),
        old: older(),
      },
    },
    good: {
      new: REPORTED,
      'carried over': { workload: older(), old: older() },
      "the user's own rollout": { workload: injected(withArgs(named(), ['-c', 'work_mem=8MB'])), old: older() },
    },
  },
  'workload-too-small': {
    bad: {
      'too few replicas, and too small a claim': { workload: injected(named()), settings: wants(3, '50Gi') },
    },
    good: {
      'enough of both': { workload: injected(named()), settings: wants(1, '1024Mi') },
      'nothing is wanted': REPORTED,
      'scaled to zero': {
        workload: injected({ ...named(), spec: { ...named().spec, replicas: 0 } }),
        settings: wants(3, '1Gi'),
      },
    },
  },
};

function judge({ workload, ...more }: Case): readonly Judged[] {
  const facts = gatherFacts({ workload, old: undefined, image: IMAGE, settings: SETTINGS, today: TODAY, ...more });
  return evaluate(WORKLOAD_RULES, facts);
}

test('every rule has a case that it finds and one that it lets pass, and a file of its name', () => {
  const ids = WORKLOAD_RULES.map(({ id }) => id);
  assert.deepEqual(ids, Object.keys(CASES), 'sorted, and none is missing');
  for (const id of ids) {
    assert.ok(existsSync(new URL(`../../src/policy/rules/workload/${id}.ts`, import.meta.url)), id);
    const { bad, good } = CASES[id] ?? assert.fail(id);
    assert.ok(Object.keys(bad).length > 0 && Object.keys(good).length > 0, id);
  }
});

for (const { id, severity } of WORKLOAD_RULES) {
  const { bad, good } = CASES[id] ?? { bad: {}, good: {} };
  const findings = (each: Case) => judge(each).filter(({ reason: { code } }) => code === id);

  test(`${id}: what it finds`, () => {
    const texts = Object.entries(bad).map(([name, each]) => {
      const found = findings(each);
      assert.ok(found.length > 0, name);
      for (const judged of found) assert.equal(judged.severity, severity);
      return `# ${name}\n${found.map((judged) => describeWarning(judged.reason)).join('\n')}\n`;
    });
    golden.assert(`${id}.txt`, texts.join('\n'));
  });

  test(`${id}: what it lets pass`, () => {
    for (const [name, each] of Object.entries(good)) assert.deepEqual(findings(each), [], name);
  });
}

test('the first 120 characters say what is wrong: kubectl may cut what comes after', () => {
  for (const { bad } of Object.values(CASES)) {
    for (const { reason: found } of Object.values(bad).flatMap(judge)) {
      const { code, field } = found;
      const begin = `walguard: ${code}: ${field} is `;
      assert.ok(begin.length < 110, begin);
    }
  }
});

test('what a refused person reads: one reason is a line, more are a list with what may be why', () => {
  const texts = Object.entries({
    'one reason': { workload: buildWorkload() },
    'two reasons': { workload: wrapped('standard'), old: older() },
    'a reason, and what may be why': { workload: misnamed() },
  }).map(([name, each]) => `# ${name}\n${describeDenial('StatefulSet "orders"', judge(each))}\n`);
  golden.assert('denials.txt', texts.join('\n'));
});

test('there is no golden file that no test compares', () => golden.assertNoStale());
