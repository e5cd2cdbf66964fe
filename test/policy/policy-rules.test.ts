// Every rule over BackupPolicies, by name: what it finds, what it lets be, and in which words.
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { describe, test } from 'node:test';
import { formatReason } from '../../src/lib/reason.ts';
import { denialsOf, judgePolicy, type PolicyVerdict, warningsOf } from '../../src/policy/judge-policy.ts';
import { POLICY_RULES } from '../../src/policy/rules/policy.ts';
import { parsePolicySpec } from '../../src/policy/schema.ts';
import { openGoldenFolder } from '../support/golden.ts';
import { CASES, type Case, NOW } from './policy-cases.ts';

const root = dirname(dirname(import.meta.dirname));
const golden = openGoldenFolder(import.meta.url, 'golden/policy-rules/');

function judge({ spec, engine }: Case, now = NOW): PolicyVerdict {
  return judgePolicy('gold', spec, { now, engine });
}

function findingsOf(id: string, policy: Case): string[] {
  const found = judge(policy).judged.filter(({ reason }) => reason.code === id);
  return found.map(({ severity, reason }) => `${severity} ${formatReason(reason)}`);
}

test('the list of rules is sorted, each rule has a file of its name, and each has cases', () => {
  const ids = POLICY_RULES.map(({ id }) => id);
  assert.deepEqual(ids, ids.toSorted());
  const files = globSync('src/policy/rules/policy/*.ts', { cwd: root }).map((file) => basename(file, '.ts'));
  assert.deepEqual(files.toSorted(), ids);
  assert.deepEqual(Object.keys(CASES), ids);
});

for (const { id, severity, describe: says, remedy, since } of POLICY_RULES) {
  describe(id, () => {
    const { finds = {}, lets = {} } = CASES[id] ?? {};

    test('it says what must hold and what to do, in sentences', () => {
      assert.match(says, /^[A-Za-z].*[^.]\.$/);
      assert.match(remedy, /^[A-Z].*\.$/);
      assert.match(since, /^\d+\.\d+\.\d+$/);
      assert.ok(Object.keys(finds).length > 0 && Object.keys(lets).length > 0);
    });

    for (const [name, policy] of Object.entries({ ...finds, ...lets })) {
      test(`the schema lets the case be: ${name}`, () => assert.ok('storage' in parsePolicySpec(policy.spec)));
    }

    for (const [name, policy] of Object.entries(finds)) {
      test(`finds: ${name}`, () => {
        const found = findingsOf(id, policy);
        assert.ok(found.length > 0);
        for (const text of found) assert.match(text, new RegExp(`^${severity} ${id}: spec\\.\\S+ is .+\\. .+[.?]$`));
      });
    }

    for (const [name, policy] of Object.entries(lets)) {
      test(`lets be: ${name}`, () => assert.deepEqual(findingsOf(id, policy), []));
    }

    test('its messages are those of the golden file', () => {
      const texts = Object.entries(finds).map(([name, policy]) =>
        [`# ${name}`, ...findingsOf(id, policy), ''].join('\n'),
      );
      golden.assert(`${id}.txt`, texts.join('\n'));
    });
  });
}

const EVERY_CASE = Object.values(CASES).flatMap(({ finds, lets }) => Object.values({ ...finds, ...lets }));

test('no denial depends on the day on which it is asked for', () => {
  for (const policy of EVERY_CASE) {
    const days = ['2026-03-28T00:00:00Z', '2028-02-29T12:00:00Z', '2031-10-26T00:59:59Z'];
    for (const day of days) assert.deepEqual(denialsOf(judge(policy, day)), denialsOf(judge(policy)));
  }
});

test('the same policy gets the same findings in the same order, denials first', () => {
  for (const policy of EVERY_CASE) {
    const { judged } = judge(policy);
    assert.deepEqual(judge(structuredClone(policy)).judged, judged);
    assert.deepEqual(
      judged.map(({ severity }) => severity),
      judged.map(({ severity }) => severity).toSorted(),
    );
  }
});

test('no message repeats what may be a password', () => {
  const { finds } = CASES['secret-in-url'] ?? {};
  for (const policy of Object.values(finds ?? {})) {
    const { judged } = judge(policy);
    assert.ok(judged.length > 0);
    assert.doesNotMatch(JSON.stringify(judged), /hunter2/);
  }
});

test('a policy that a rule denies still has its settings: what it protects stays protected', () => {
  const policy = CASES['retention-shorter-than-window']?.finds['three days, a week is promised'];
  assert.ok(policy);
  const verdict = judge(policy);
  assert.equal(denialsOf(verdict).length, 1);
  assert.equal(verdict.settings?.policy, 'gold');
});

test('one that breaks the schema has no settings, and no rule is asked', () => {
  const verdict = judge({ spec: { archive: { timeout: 'soon' }, baseBackup: { schedule: '0 0 * * 7' } } });
  assert.equal(verdict.settings, undefined);
  assert.deepEqual(warningsOf(verdict), []);
  assert.deepEqual([...new Set(denialsOf(verdict).map(({ code }) => code))], ['policy-invalid']);
});

test('there is no golden file that no test compares', () => golden.assertNoStale());
