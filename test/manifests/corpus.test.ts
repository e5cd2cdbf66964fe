// What walguard answers to manifests as they are found in the wild, beside what a careful reader would answer, and why.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject, StatefulSet } from '../../src/api/kubernetes.ts';
import { inject } from '../../src/inject/inject.ts';
import { type JudgeContext, type Judgement, judge, type Verdict } from '../../src/inject/judge.ts';
import { strip } from '../../src/inject/strip.ts';
import type { Reason } from '../../src/lib/reason.ts';
import { openGoldenFolder } from '../support/golden.ts';
import { injected } from '../support/injected.ts';
import { IMAGE, SETTINGS } from '../support/workloads.ts';
import { type Entry, loadCorpus } from './corpus.ts';
import { isFieldOf } from './field-path.ts';
import { mutate } from './mutations.ts';

const CORPUS = loadCorpus();
const FOUND_IN_THE_WILD = 58;
const golden = openGoldenFolder(import.meta.url, 'golden/');
const bytes = (value: unknown) => JSON.stringify(value);

/** As if every manifest asked for the policy `standard`. */
const CONTEXT: JudgeContext = {
  findSettings: () => SETTINGS,
  assumedPolicy: 'standard',
  image: IMAGE,
  today: '2026-11-21',
};

/** What each word of a note asks for; CARE alone leaves the verdict open. */
const NOTED: Readonly<Record<string, Verdict>> = { INJECT: 'protected', REFUSE: 'refused', IGNORE: 'ignored' };

function isAsNoted({ note, verdict }: Entry): boolean {
  const asked = note.split(/[/-]/).flatMap((word) => NOTED[word] ?? []);
  return asked.length === 0 || asked.includes(verdict);
}

function assertSound(object: unknown, { verdict, reasons }: Judgement): void {
  assert.equal(reasons.length === 0, verdict === 'protected', 'every other verdict says why');
  for (const reason of reasons) assertSoundReason(object, reason);
}

function assertSoundReason(object: unknown, { code, field, seen, remedy }: Reason): void {
  assert.match(code, /^[a-z][a-z-]+$/);
  assert.ok(isFieldOf(object, field), `${code} speaks of ${field}, which is neither there nor missing from a parent`);
  assert.notEqual(seen, '');
  assert.match(remedy, /\.$/);
}

test('the corpus holds every manifest once', () => {
  const ids = CORPUS.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  assert.equal(ids.filter((id) => /^\d{3}$/.test(id)).length, FOUND_IN_THE_WILD);
});

for (const { id, verdict, codes, why, object } of CORPUS) {
  test(`${id}: ${verdict}. ${why}`, () => {
    const before = bytes(object);
    const judgement = judge(object, CONTEXT);
    const answer = { verdict: judgement.verdict, codes: judgement.reasons.map(({ code }) => code) };
    assert.deepEqual(answer, { verdict, codes });
    assertSound(object, judgement);
    assert.equal(bytes(object), before, 'judging changes nothing');
  });
}

test('where an answer differs from the note, the corpus says so', () => {
  for (const entry of CORPUS) {
    assert.equal(entry.why.startsWith('Unlike the note: '), !isAsNoted(entry), `${entry.id}: ${entry.why}`);
  }
});

test('a protected one comes back from its injection to the byte, and nothing that cannot change was touched', () => {
  for (const { id, object, verdict } of CORPUS) {
    if (verdict !== 'protected') continue;
    const workload = object as StatefulSet;
    const once = injected(workload);
    assert.equal(bytes(injected(once)), bytes(once), `${id}: twice is once`);
    assert.equal(bytes(strip(once)), bytes(workload), `${id}: strip is the inverse`);
    assert.equal(judge(once, CONTEXT).verdict, 'protected', `${id}: injected already`);
    const { template: _before, ...rest } = workload.spec;
    const { template: _after, ...left } = once.spec;
    assert.equal(bytes(left), bytes(rest), `${id}: claims, selector, service and replicas`);
  }
});

test('one that is not protected would not be injected either', () => {
  for (const { id, object, verdict } of CORPUS) {
    if (verdict === 'protected' || object.kind !== 'StatefulSet') continue;
    const kind = verdict === 'ignored' ? 'left-alone' : 'refused';
    assert.equal(inject(object as StatefulSet, SETTINGS, IMAGE).kind, kind, id);
  }
});

test('a manifest that lacks any one field, or has an empty value there, is judged and never stumbled over', () => {
  const failures: string[] = [];
  for (const { id, object } of CORPUS) {
    for (const { change, object: broken } of mutate(object)) {
      try {
        assertSound(broken, judge(broken as KubeObject, CONTEXT));
      } catch (error) {
        failures.push(`${id} ${change}: ${(error as Error).message}`);
      }
    }
  }
  assert.deepEqual(failures, []);
});

test('the table of all answers is as reviewed', (t) => {
  const rows = CORPUS.map((entry) => formatRow(entry, judge(entry.object, CONTEXT)));
  for (const row of rows) t.diagnostic(row);
  golden.assert('table.txt', `${rows.join('\n')}\n`);
  golden.assertNoStale();
});

function formatRow({ id, note, why, object }: Entry, { verdict, reasons }: Judgement): string {
  const codes = reasons.map(({ code }) => code).join(' ') || '-';
  const main = findImage(object, reasons);
  return [id.padEnd(3), shorten(main).padEnd(44), verdict.padEnd(9), codes.padEnd(37), note.padEnd(13), why].join('  ');
}

/** Of the container that the reasons speak of; of the first one where they speak of none. */
function findImage(object: KubeObject, reasons: readonly Reason[]): string {
  const { containers } = (object as StatefulSet).spec.template.spec;
  const spoken = reasons.map(({ field }) => /\.containers\[(\d+)\]/.exec(field)?.[1]).find(Boolean);
  return containers[Number(spoken ?? 0)]?.image ?? '';
}

function shorten(image: string): string {
  const text = image.replace(/@sha256:\w+$/, '@sha256');
  return text.length > 44 ? `...${text.slice(-41)}` : text;
}
