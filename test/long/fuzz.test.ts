// 100 000 reviews as nobody should send them, to the real program over kept-alive connections: each gets a valid answer with
// its uid or a clean 4xx, nothing falls over, and the memory stays where it was. FUZZ_SEED repeats a run, FUZZ_REVIEWS sets
// how many.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createFuzzer, type FuzzCase } from '../support/fuzz-reviews.ts';
import { createRawClient, type RawClient } from '../support/raw-https.ts';
import { buildReview } from '../support/reviews.ts';
import { type Standalone, startStandalone } from '../support/standalone.ts';
import { makeTempDir } from '../support/temp.ts';
import { askHttps } from '../support/tls.ts';
import { readAnswer } from '../support/webhook.ts';
import { buildWorkload } from '../support/workloads.ts';

const REVIEWS = Number(process.env.FUZZ_REVIEWS || 100_000);
/** Reviews until the program has seen all kinds and its memory has found its level. */
const WARM_UP = Math.floor(REVIEWS / 5);
const CONNECTIONS = 8;
const SLOW_CONNECTIONS = 16;
const seed = Number(process.env.FUZZ_SEED || Math.floor(Math.random() * 2 ** 32));

/** What a webhook pod has (chart/values.yaml, webhook.resources), and the share of it that the image gives to the heap. */
const POD_LIMIT = 512 * 1024 * 1024;
const POD_HEAP = `--max-old-space-size=${Math.floor((POD_LIMIT / 1024 / 1024) * 0.6)}`;

/** On SIGUSR2 the program says how much it holds after a full garbage collection. */
const MEASURE = `data:text/javascript,process.on('SIGUSR2',()=>{globalThis.gc();globalThis.gc();
const{heapUsed,external}=process.memoryUsage();process.stderr.write('held '+(heapUsed+external)+'\\n')})`;

interface Held {
  readonly heapBytes: number;
  readonly rssBytes: number;
}

async function measure({ child, stderr, readMemoryKiB }: Standalone): Promise<Held> {
  const before = stderr().length;
  child.kill('SIGUSR2');
  for (let tries = 0; tries < 1000; tries++) {
    await sleep(10);
    const held = /held (\d+)\n/.exec(stderr().slice(before))?.[1];
    if (held !== undefined) return { heapBytes: Number(held), rssBytes: readMemoryKiB() * 1024 };
  }
  return assert.fail('the program does not answer the signal');
}

class Tally {
  readonly kinds = new Map<string, number>();
  readonly wrong: string[] = [];
  slowestMs = 0;
  slowest = '';
  sent = 0;

  count(kind: string, tookMs: number): void {
    this.sent++;
    this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1);
    if (tookMs > this.slowestMs) [this.slowestMs, this.slowest] = [tookMs, kind];
  }
}

async function sendOne(client: RawClient, each: FuzzCase, tally: Tally): Promise<void> {
  const startedAt = performance.now();
  try {
    if (each.status === undefined) await client.cut(each.head, each.body);
    else check(each, await client.send(each.head, each.body));
  } catch (error) {
    tally.wrong.push(`${each.kind}: ${(error as Error).message}\n${each.head}${each.body.toString('latin1', 0, 2000)}`);
  }
  tally.count(each.kind, performance.now() - startedAt);
}

function check({ status, uid }: FuzzCase, answer: { readonly status: number; readonly body: string }): void {
  assert.equal(answer.status, status, answer.body.slice(0, 200));
  if (uid === undefined) {
    assert.match(answer.body, /^[ -~]+\n$/, 'one line that says why');
    return;
  }
  const { apiVersion, kind, response } = JSON.parse(answer.body);
  assert.deepEqual([apiVersion, kind, response.uid], ['admission.k8s.io/v1', 'AdmissionReview', uid]);
  assert.equal(typeof response.allowed, 'boolean');
  if (response.patch !== undefined) {
    assert.equal(response.patchType, 'JSONPatch');
    assert.ok(Array.isArray(JSON.parse(Buffer.from(response.patch, 'base64').toString('utf8'))));
  }
  if (!response.allowed) assert.ok(response.status.message.length > 0);
  for (const warning of response.warnings ?? []) assert.equal(typeof warning, 'string');
  for (const [key, value] of Object.entries(response.auditAnnotations ?? {})) {
    assert.match(`${key}=${typeof value}`, /^[a-z]([-a-z]*[a-z])?=string$/);
  }
}

/** A body that comes a byte at a time, again and again until told to stop: each ends with 408, and holds up nobody. */
async function dribble({ port, ca }: Standalone, isOver: () => boolean): Promise<number[]> {
  const statuses: number[] = [];
  while (!isOver()) {
    const client = createRawClient(port, ca, 'localhost');
    const head =
      'POST /validate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n';
    let isAnswered = false;
    const answer = client.send(head).finally(() => {
      isAnswered = true;
    });
    while (!isAnswered && !isOver()) {
      await sleep(250);
      if (!isAnswered) client.sendMore('{');
    }
    if (!isAnswered) client.close();
    await answer.then(({ status }) => statuses.push(status)).catch(() => undefined);
  }
  return statuses;
}

async function run(webhook: Standalone, next: () => FuzzCase, upTo: number, tally: Tally): Promise<void> {
  const clients = Array.from({ length: CONNECTIONS }, () => createRawClient(webhook.port, webhook.ca, 'localhost'));
  let started = tally.sent;
  await Promise.all(
    clients.map(async (client) => {
      while (started < upTo && tally.wrong.length < 10) {
        started++;
        await sendOne(client, next(), tally);
      }
      client.close();
    }),
  );
}

test(`${REVIEWS} fuzzed reviews`, async (context) => {
  context.diagnostic(`FUZZ_SEED=${seed}`);
  const nodeArgs = [POD_HEAP, '--expose-gc', '--import', MEASURE.replaceAll('\n', '')];
  const webhook = await startStandalone(context, await makeTempDir(context), { nodeArgs });
  const next = createFuzzer(seed);
  const tally = new Tally();
  let isOver = false;
  const slow = Array.from({ length: SLOW_CONNECTIONS }, () => dribble(webhook, () => isOver));
  const startedAt = performance.now();

  await run(webhook, next, WARM_UP, tally);
  const before = await measure(webhook);
  await run(webhook, next, REVIEWS, tally);
  const after = await measure(webhook);
  const cpuMs = webhook.readCpuMs() / tally.sent;
  isOver = true;
  const slowStatuses = (await Promise.all(slow)).flat();

  const seconds = (performance.now() - startedAt) / 1000;
  context.diagnostic(
    `${tally.sent} in ${seconds.toFixed(0)} s: ${[...tally.kinds].map((each) => each.join(' ')).join(', ')}`,
  );
  context.diagnostic(
    `slowest answer ${tally.slowestMs.toFixed(0)} ms (${tally.slowest}); ${cpuMs.toFixed(2)} ms of processor each; ${slowStatuses.length} slow bodies`,
  );
  const mib = (bytes: number) => (bytes / 1024 / 1024).toFixed(1);
  context.diagnostic(
    `held after ${WARM_UP}: ${mib(before.heapBytes)} MiB, resident ${mib(before.rssBytes)}; after ${REVIEWS}: ${mib(after.heapBytes)}, resident ${mib(after.rssBytes)}`,
  );

  assert.deepEqual(tally.wrong, [], `FUZZ_SEED=${seed} repeats it`);
  assert.equal(tally.sent, REVIEWS);
  for (const status of slowStatuses) assert.equal(status, 408);
  assert.ok(slowStatuses.length >= SLOW_CONNECTIONS || seconds < 12);
  assert.ok(tally.slowestMs < 3000, 'no review stops the others for long');
  assert.equal(webhook.child.exitCode, null);
  assert.doesNotMatch(webhook.stdout(), /"level":60|nobody looked|a request went wrong/);
  await assertDecides(webhook);

  // A leak of 1 KiB a review would be 1; a tenth of it is noise of the collector's.
  const heapPerReview = (after.heapBytes - before.heapBytes) / 1024 / (REVIEWS - WARM_UP);
  assert.ok(heapPerReview < 0.1, `${heapPerReview.toFixed(3)} KiB a review are held`);
  const peakBytes = webhook.readPeakKiB() * 1024;
  assert.ok(peakBytes < POD_LIMIT, `${mib(peakBytes)} MiB were resident: the pod would have been killed`);
  assert.equal(await webhook.stop(), 0);
});

/** As if nothing had been. */
async function assertDecides({ port, ca }: Standalone): Promise<void> {
  const ask = (path: string, object: object) =>
    askHttps(port, ca, path, JSON.stringify(buildReview(object)), { servername: 'localhost' }).then((answer) =>
      readAnswer(answer),
    );
  assert.equal((await ask('/validate', buildWorkload())).allowed, false);
  assert.ok((await ask('/mutate', buildWorkload({ policy: 'standard' }))).patch);
}
