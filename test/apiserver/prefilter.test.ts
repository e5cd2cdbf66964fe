// Which StatefulSets the API server asks the webhook about, by the matchConditions of the chart as it evaluates them: every
// one that may be a Postgres, and Redis never. The webhook is gone, so that asking shows.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import type { StatefulSet } from '../../src/api/kubernetes.ts';
import { ANNOTATION } from '../../src/api/names.ts';
import { detect } from '../../src/flavour/detect.ts';
import { strip } from '../../src/inject/strip.ts';
import { loadCorpus } from '../manifests/corpus.ts';
import { admissible } from '../support/admissible.ts';
import type { CallAnswer } from '../support/api-calls.ts';
import { anyStatefulSet, injectable } from '../support/arbitraries.ts';
import { CASES } from '../support/cases.ts';
import { lookalike, ONE_SIGN } from '../support/lookalikes.ts';
import { buildWorkload } from '../support/workloads.ts';
import { DRY_RUN, messageOf, type Stage, startStage, statefulSets, store, tryCreate, waitUntil } from './outage.ts';
import { applyConfigurations, findFreePort } from './webhook-process.ts';

const NAMESPACE = 'mode-enforce';
const PLAIN = admissible(buildWorkload(), NAMESPACE);
const withImage = (image: string) => buildWorkload({ container: { image, env: [], volumeMounts: [] } });
let stage: Stage;

before(async () => {
  stage = await startStage();
  for (const [name, workload] of STORED) await store(stage.api, named(admissible(workload, NAMESPACE), name));
  await applyConfigurations(stage.cluster, await findFreePort(), stage.ca);
  await waitUntil('the webhook to be asked', async () => isAsked(await tryCreate(stage.api, PLAIN)));
});

after(() => stage?.stop());

function isAsked(answer: CallAnswer): boolean {
  if (answer.status === 201 || answer.status === 200) return false;
  assert.match(messageOf(answer), /failed calling webhook "enforce\.validate\.walguard\.dev"/);
  return true;
}

const counts = { asked: 0, askedInVain: 0, spared: 0 };

/** The law. An answer other than "let in" and "the webhook is gone" is a fault of the test. */
async function assertAskedIfPostgres(workload: StatefulSet, what: string): Promise<void> {
  const sent = admissible(workload, NAMESPACE);
  const isPostgres = detect(strip(sent)).kind !== 'not-postgres';
  const asked = isAsked(await tryCreate(stage.api, sent));
  counts[asked ? (isPostgres ? 'asked' : 'askedInVain') : 'spared']++;
  if (isPostgres) assert.ok(asked, `${what} is a Postgres, and the webhook was not asked: ${JSON.stringify(sent)}`);
}

test('asked for each sign of a Postgres alone', async () => {
  for (const [what, workload] of ONE_SIGN) {
    assert.notEqual(detect(admissible(workload, NAMESPACE)).kind, 'not-postgres', what);
    await assertAskedIfPostgres(workload, what);
  }
});

test('asked for every Postgres of the corpus and of the shapes', async () => {
  for (const { id, object } of loadCorpus()) {
    if (object.kind === 'StatefulSet') await assertAskedIfPostgres(object as StatefulSet, id);
  }
  for (const [name, build] of Object.entries(CASES)) await assertAskedIfPostgres(build(), name);
});

for (const [name, arbitrary, numRuns] of [
  ['signs in any mixture', lookalike, 1000],
  ['workloads that can be injected', injectable, 200],
  ['workloads of any kind', anyStatefulSet, 400],
] as const) {
  test(`asked for every Postgres among ${name}`, () =>
    fc.assert(
      fc.asyncProperty(arbitrary, (workload) => assertAskedIfPostgres(workload, name)),
      { numRuns },
    ));
}

test('the law above was put to the test on both sides', (context) => {
  context.diagnostic(JSON.stringify(counts));
  assert.ok(counts.asked > 500 && counts.spared > 200, JSON.stringify(counts));
});

test('Redis, Kafka and others are let in without a question', async () => {
  for (const image of ['redis:7', 'apache/kafka:3.9', 'mysql:8', 'mongo', 'zookeeper', 'registry.example/shop/db:1']) {
    assert.equal(isAsked(await tryCreate(stage.api, admissible(withImage(image), NAMESPACE))), false, image);
  }
});

test('a script of 200 kB in a Redis stays within what the API server lets an expression cost', async () => {
  const script = 'redis-server # '.repeat(14_000);
  const workload = buildWorkload({
    container: { image: 'redis:7', args: ['sh', '-c', script], env: [], volumeMounts: [] },
  });
  assert.equal(isAsked(await tryCreate(stage.api, admissible(workload, NAMESPACE))), false);
});

function named(workload: StatefulSet, name: string): StatefulSet {
  return { ...workload, metadata: { ...workload.metadata, name } };
}

function annotated(workload: StatefulSet, key: string): StatefulSet {
  return { ...workload, metadata: { ...workload.metadata, annotations: { [key]: 'x' } } };
}

const REDIS = withImage('redis:7');
const STORED: ReadonlyMap<string, StatefulSet> = new Map([
  ['redis', REDIS],
  ['postgres', withImage('postgres:15')],
  ['exempt-redis', annotated(REDIS, ANNOTATION.exempt)],
]);

// What was there counts too: taking a policy away from what is no longer a Postgres is a change that walguard looks at.
for (const [old, next, asked] of [
  ['redis', REDIS, false],
  ['redis', withImage('postgres:15'), true],
  ['redis', annotated(REDIS, ANNOTATION.policy), true],
  ['postgres', REDIS, true],
  ['exempt-redis', REDIS, true],
] as const) {
  test(`an update from ${old} to ${JSON.stringify(next.metadata.annotations ?? next.spec.template.spec.containers[0]?.image)}`, async () => {
    const path = `${statefulSets(NAMESPACE, old)}${DRY_RUN}`;
    assert.equal(isAsked(await stage.api.call('PUT', path, named(admissible(next, NAMESPACE), old))), asked);
  });
}
