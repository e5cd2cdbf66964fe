// The policy that holds the core rule without the webhook never refuses what the webhook would let in. Over the corpus, the
// shapes and generated workloads, on a real API server.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import type { StatefulSet } from '../../src/api/kubernetes.ts';
import { loadCorpus } from '../manifests/corpus.ts';
import { anyStatefulSet, injectable } from '../support/arbitraries.ts';
import { CASES } from '../support/cases.ts';
import { lookalike, ONE_SIGN } from '../support/lookalikes.ts';
import { buildWorkload } from '../support/workloads.ts';
import { at, isRefused, webhookWords, wordsOf } from './admission-policy.ts';
import { applyAdmissionPolicies, type Stage, startStage, tryCreate, waitUntil } from './outage.ts';

const NAMESPACE = 'mode-enforce';
let stage: Stage;

before(async () => {
  stage = await startStage();
  await applyAdmissionPolicies(stage.cluster, 'enforce');
  await waitUntil('the policy to hold', async () =>
    isRefused(await tryCreate(stage.api, at(NAMESPACE, buildWorkload()))),
  );
});

after(() => stage?.stop());

const counts = { refusedByBoth: 0, refusedByTheWebhookOnly: 0, letInByBoth: 0, sameWords: 0 };

/** The law: whatever the policy refuses, the webhook refuses too, for a reason that it gives too. */
async function assertNoFalseRefusal(workload: StatefulSet): Promise<void> {
  const sent = at(NAMESPACE, workload);
  const answer = await tryCreate(stage.api, sent);
  const expected = webhookWords(sent);
  if (!isRefused(answer)) {
    counts[expected === undefined ? 'letInByBoth' : 'refusedByTheWebhookOnly']++;
    return;
  }
  counts.refusedByBoth++;
  assert.ok(expected !== undefined, `refused, and the webhook would not: ${JSON.stringify(sent)}`);
  const words = wordsOf(answer);
  if (words === expected) counts.sameWords++;
  // With more than one reason the webhook gives a list; the policy gives the first of the denials.
  else assert.match(expected, new RegExp(`is refused for \\d+ reasons:[^]*- ${words.split(':')[0]}: `));
}

/** As it is, and without the annotations that let it in. */
async function both(workload: StatefulSet): Promise<void> {
  await assertNoFalseRefusal(workload);
  await assertNoFalseRefusal({ ...workload, metadata: { ...workload.metadata, annotations: {} } });
}

const FOUND = loadCorpus().flatMap(({ object }) => (object.kind === 'StatefulSet' ? [object as StatefulSet] : []));
for (const [name, workloads] of [
  ['the corpus', FOUND],
  ['the shapes', Object.values(CASES).map((build) => build())],
  ['each sign of a Postgres alone', [...ONE_SIGN.values()]],
] as const) {
  test(`over ${name}`, async (context) => {
    const before = { ...counts };
    for (const workload of workloads) await both(workload);
    const refused = counts.refusedByBoth - before.refusedByBoth;
    const others = counts.refusedByTheWebhookOnly - before.refusedByTheWebhookOnly;
    context.diagnostic(`of ${refused + others} that the webhook refuses, the policy refuses ${refused}`);
    assert.ok(refused > 0);
  });
}

for (const [name, arbitrary, numRuns] of [
  ['signs in any mixture', lookalike, 1000],
  ['workloads that can be injected', injectable, 200],
  ['workloads of any kind', anyStatefulSet, 400],
] as const) {
  test(`over ${name}`, () => fc.assert(fc.asyncProperty(arbitrary, both), { numRuns }));
}

test('the law was put to the test on all sides', (context) => {
  context.diagnostic(JSON.stringify(counts));
  assert.ok(
    Object.values(counts).every((count) => count > 300),
    JSON.stringify(counts),
  );
});
