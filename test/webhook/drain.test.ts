// The end of a replica: nobody's call fails, whoever is calling.
import assert from 'node:assert/strict';
import { Agent, type Server } from 'node:https';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { drain } from '../../src/webhook/drain.ts';
import { until } from '../support/processes.ts';
import { buildReview } from '../support/reviews.ts';
import { type Standalone, startStandalone } from '../support/standalone.ts';
import { makeTempDir } from '../support/temp.ts';
import { type Answer, askHttps } from '../support/tls.ts';
import { readAnswer, startWebhook, type TestWebhook } from '../support/webhook.ts';
import { buildWorkload } from '../support/workloads.ts';

/** For a machine that has much else to do. */
const LONG_MS = 30_000;
const REVIEW = JSON.stringify(buildReview(buildWorkload()));

function ask({ port, ca }: Standalone, agent: Agent, path = '/validate'): Promise<Answer> {
  return askHttps(port, ca, path, path === '/validate' ? REVIEW : undefined, { servername: 'localhost', agent });
}

/** As an API server keeps them; a request whose connection ends under it is not sent again, so it fails. */
const keepAlive = (maxSockets: number) => new Agent({ keepAlive: true, maxSockets });

test('while clients go on sending, one replica ends and the other takes over: zero failed', async (context) => {
  const directory = await makeTempDir(context);
  const leaving = await startStandalone(context, directory);
  const staying = await startStandalone(context, directory);
  const agents = new Map([leaving, staying].map((each) => [each, keepAlive(8)] as const));
  context.after(() => {
    for (const agent of agents.values()) agent.destroy();
  });
  // What a Service does with new connections; open ones stay where they are.
  let target = leaving;
  let isOver = false;
  const failed: string[] = [];
  const counts = new Map([leaving, staying].map((each) => [each, 0]));
  const send = async () => {
    while (!isOver) {
      const to = target;
      try {
        readAnswer(await ask(to, agents.get(to) as Agent));
        counts.set(to, (counts.get(to) ?? 0) + 1);
      } catch (error) {
        failed.push((error as Error).message);
      }
      await sleep(2);
    }
  };
  const senders = Array.from({ length: 8 }, send);
  await until('there is traffic', () => (counts.get(leaving) ?? 0) > 200, LONG_MS);

  const before = counts.get(leaving) ?? 0;
  const ended = leaving.stop();
  const readiness = await ask(leaving, keepAlive(1), '/readyz');
  assert.deepEqual([readiness.status, readiness.text], [503, 'shutting down\n']);
  assert.equal((await ask(leaving, keepAlive(1), '/healthz')).status, 200);
  // The time that the change of the endpoints takes.
  await sleep(400);
  target = staying;
  assert.equal(await ended, 0);
  await until('the other has traffic', () => (counts.get(staying) ?? 0) > 200, LONG_MS);
  isOver = true;
  await Promise.all(senders);
  assert.deepEqual(failed, []);
  assert.ok((counts.get(leaving) ?? 0) > before + 20, 'it went on serving after the signal');
});

test('a client that knows of no other replica is served up to the limit, and then refused, never cut off', async (context) => {
  const webhook = await startStandalone(context, await makeTempDir(context));
  const agent = keepAlive(4);
  context.after(() => agent.destroy());
  await ask(webhook, agent);
  let hasEnded = false;
  const ended = webhook.stop().finally(() => {
    hasEnded = true;
  });
  const codes = new Set<string | undefined>();
  let answered = 0;
  while (!hasEnded) {
    await ask(webhook, agent).then(
      ({ headers }) => {
        if (headers.connection === 'close') answered++;
      },
      (error: NodeJS.ErrnoException) => codes.add(error.code),
    );
    await sleep(5);
  }
  assert.equal(await ended, 0);
  assert.ok(answered > 200, `${answered} answered while it drained`);
  // Nothing was sent on a connection that could not be made, so every client may try elsewhere.
  assert.deepEqual(
    [...codes].filter((code) => code !== 'ECONNREFUSED'),
    [],
  );
});

async function startDraining(times: { quietMs: number; limitMs: number; lastMs: number }) {
  let isDraining = false;
  const webhook = await startWebhook({ context: { isDraining: () => isDraining } });
  return {
    webhook,
    begin: () => {
      isDraining = true;
      const startedAt = performance.now();
      return drain(webhook.server, webhook.load.idleMs, times).then(() => performance.now() - startedAt);
    },
  };
}

function isListening({ server }: TestWebhook): boolean {
  return (server as Server).listening;
}

test('it ends when it was quiet for a while, counted from the signal', async () => {
  const { webhook, begin } = await startDraining({ quietMs: 300, limitMs: 20_000, lastMs: 100 });
  await webhook.review('/validate', buildWorkload());
  await sleep(400);
  assert.ok((await begin()) >= 300, 'that it was quiet before does not count');
  assert.equal(isListening(webhook), false);
});

test('a request begins the quiet time anew, a probe does not', async () => {
  const { webhook, begin } = await startDraining({ quietMs: 400, limitMs: 20_000, lastMs: 100 });
  const ended = begin();
  await sleep(200);
  await webhook.review('/validate', buildWorkload());
  await sleep(100);
  assert.equal((await webhook.ask('/readyz')).status, 200);
  assert.ok(webhook.load.idleMs() >= 100);
  assert.ok((await ended) >= 600);
});

test('an idle connection that is used again while it drains is answered, and told to close', async (context) => {
  const { webhook, begin } = await startDraining({ quietMs: 1000, limitMs: 20_000, lastMs: 100 });
  const agent = keepAlive(1);
  context.after(() => agent.destroy());
  const use = () => webhook.ask('/validate', REVIEW, { agent });
  assert.equal((await use()).headers.connection, 'keep-alive');
  const ended = begin();
  await sleep(100);
  assert.equal((await use()).headers.connection, 'close');
  await ended;
});

test('a request that is under way at the limit is answered', async () => {
  const gate = Promise.withResolvers<void>();
  const find = async () => {
    await gate.promise;
    return [];
  };
  const webhook = await startWebhook({ context: { policies: { find, list: () => [] }, isDraining: () => true } });
  const review = webhook.review('/mutate', buildWorkload({ policy: 'standard' }));
  await until('it is under way', () => webhook.load.idleMs() === 0);
  const ended = drain(webhook.server, webhook.load.idleMs, { quietMs: 50, limitMs: 200, lastMs: 5000 });
  await until('no more connections are taken', () => !isListening(webhook));
  gate.resolve();
  assert.equal((await review).allowed, true);
  await ended;
});
