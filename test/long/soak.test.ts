// The soak: a steady load of real writes through a real API server, while everything about the webhook is exchanged.
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../support/cluster-client.ts';
import { type Load, startLoad } from '../support/steady-load.ts';
import { deleteOne, retireOldCa, roll, rotateCa, rotateLeaf } from './soak/events.ts';
import {
  describeEvents,
  describeFailures,
  describeLoad,
  findFailed,
  readWebhookCounts,
  type SoakEvent,
} from './soak/report.ts';
import { createMix } from './soak/requests.ts';
import { IMAGES, NAMESPACE, type Stage, startStage } from './soak/stage.ts';

const COUNT = 10_000;
const PER_SECOND = 60;
/** Between two events, so that a failure can be told to be of one of them. */
const PAUSE_MS = 3000;
/** Requests before and after the kill. */
const AROUND = 300;

let stage: Stage;

before(async () => {
  stage = await startStage();
});

after(() => stage?.stop());

const SCRIPT: readonly (readonly [name: string, act: () => Promise<void>])[] = [
  ['rolling update', () => roll(stage, IMAGES[1])],
  ['one replica deleted', () => deleteOne(stage, IMAGES[1])],
  ['leaf rotation', () => rotateLeaf(stage)],
  ['CA rotation', () => rotateCa(stage)],
  ['rolling update', () => roll(stage, IMAGES[2])],
  ['end of the old CA', () => retireOldCa(stage)],
];

async function play(load: Load, events: SoakEvent[]): Promise<void> {
  for (const [name, act] of SCRIPT) {
    await sleep(PAUSE_MS);
    const from = load.elapsedMs();
    await act();
    events.push({ name, from, to: load.elapsedMs() });
  }
  await waitFor(`${COUNT} answers`, async () => load.outcomes.length >= COUNT, { timeoutMs: 300_000 });
}

const readMemory = () => stage.deployment.replicas().map((each) => Math.round(each.readMemoryKiB() / 1024));

function tell(context: TestContext, { outcomes, elapsedMs }: Load, more: readonly string[] = []): void {
  for (const line of [...describeLoad(outcomes, elapsedMs()), ...more, ...describeFailures(outcomes)]) {
    context.diagnostic(line);
  }
}

test('10,000 admissions across rolling updates, a deleted replica, a leaf rotation and a CA rotation: none fails', async (context) => {
  const before = { memory: readMemory(), counts: await readWebhookCounts(stage.api) };
  const load = startLoad(PER_SECOND, createMix(stage.api, NAMESPACE, 'soak'));
  const events: SoakEvent[] = [];
  try {
    await play(load, events);
  } finally {
    await load.finish();
    const logs = findFailed(load.outcomes).length > 0 ? stage.deployment.tellLogs() : [];
    tell(context, load, [...describeEvents(events), ...logs]);
  }
  const counts = await readWebhookCounts(stage.api);
  const memory = readMemory();
  context.diagnostic(`memory of the replicas: ${before.memory.join(' and ')} MiB, then ${memory.join(' and ')} MiB`);
  context.diagnostic(`the API server's own counts: ${JSON.stringify(counts)}`);

  assert.deepEqual(describeFailures(load.outcomes), []);
  assert.equal(counts.failedOpen, 0);
  assert.equal(counts.failedClosed, 0);
  assert.ok(counts.calls - before.counts.calls >= COUNT);
  assert.equal(stage.balancer.countRefused(), 0);
  for (const each of memory) assert.ok(each > 0 && each < stage.release.memoryLimitMiB);
});

test('a replica killed with SIGKILL: only the requests that it was answering may fail', async (context) => {
  const { balancer, deployment } = stage;
  const before = { lost: balancer.countLost(), refused: balancer.countRefused() };
  const load = startLoad(PER_SECOND, createMix(stage.api, NAMESPACE, 'kill'));
  try {
    await waitFor('a warm load', async () => load.outcomes.length >= AROUND);
    const [victim] = deployment.replicas();
    assert.ok(victim);
    // Stopped first, so that requests wait for it for certain when it dies.
    process.kill(victim.pid, 'SIGSTOP');
    await waitFor('requests on it', async () => balancer.countInFlight(victim.port) >= 3, { everyMs: 1 });
    context.diagnostic(`requests that wait for the victim at its end: ${balancer.countInFlight(victim.port)}`);
    await deployment.kill(victim);
    await deployment.add(IMAGES[2]);
    const done = load.outcomes.length;
    await waitFor('the load to go on', async () => load.outcomes.length >= done + AROUND);
  } finally {
    await load.finish();
    tell(context, load);
  }
  const lost = balancer.countLost() - before.lost;
  context.diagnostic(`connections that broke off under a request: ${lost}`);
  assert.ok(lost >= 3);
  const failed = findFailed(load.outcomes).length;
  assert.ok(failed <= lost, `${failed} requests failed, but only ${lost} were being answered`);
  assert.equal(balancer.countRefused(), before.refused);
});
