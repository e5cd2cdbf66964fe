import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createQueue, type Queue } from '../../src/controller/queue.ts';
import { KubeError } from '../../src/kube/client.ts';
import { createVirtualTime, type VirtualTime } from '../support/virtual-time.ts';

interface Run {
  readonly key: string;
  readonly from: number;
  to: number;
}

interface Scene {
  readonly time: VirtualTime;
  readonly queue: Queue;
  readonly runs: Run[];
  readonly retries: number[];
  readonly stop: AbortController;
}

/** @param work after its time; what it gives or throws is the attempt's end */
function setScene(
  work: (key: string, attempt: number) => number | undefined,
  { workers = 2, workMs = 1000 } = {},
): Scene {
  const time = createVirtualTime();
  const stop = new AbortController();
  const runs: Run[] = [];
  const retries: number[] = [];
  const attempt = async (key: string) => {
    const run = { key, from: time.now(), to: Number.POSITIVE_INFINITY };
    runs.push(run);
    await time.sleep(workMs);
    run.to = time.now();
    return work(key, runs.filter((each) => each.key === key).length);
  };
  const onError = (_key: string, _error: Error, retryMs: number) => void retries.push(retryMs);
  const options = { work: attempt, onError, workers, clock: time, random: () => 0.5, settleMs: 100 };
  return { time, queue: createQueue(options, stop.signal), runs, retries, stop };
}

const nothing = () => undefined;
const describe = (runs: readonly Run[]) => runs.map(({ key, from }) => `${key}@${from}`);

test('a burst of changes is one look', async () => {
  const { time, queue, runs } = setScene(nothing);
  for (let i = 0; i < 10; i++) queue.add('a');
  await time.pass(50);
  queue.add('a');
  await time.pass(5000);
  assert.deepEqual(describe(runs), ['a@100']);
});

test('a key that changes while it is worked on comes again after that, never beside it', async () => {
  const { time, queue, runs } = setScene(nothing);
  queue.add('a');
  await time.pass(600);
  for (let i = 0; i < 5; i++) queue.add('a');
  await time.pass(5000);
  assert.deepEqual(describe(runs), ['a@100', 'a@1100']);
});

test('as many keys at a time as there are workers, all of them in the end', async () => {
  const { time, queue, runs } = setScene(nothing, { workers: 2 });
  for (const key of ['a', 'b', 'c', 'd', 'e']) queue.add(key);
  await time.pass(10_000);
  assert.deepEqual(describe(runs), ['a@100', 'b@100', 'c@1100', 'd@1100', 'e@2100']);
});

test('a key that hangs holds one worker, and no other key', async () => {
  const time = createVirtualTime();
  const stop = new AbortController();
  const done: string[] = [];
  const work = async (key: string) => {
    await time.sleep(key === 'slow' ? 1e9 : 10);
    done.push(key);
    return undefined;
  };
  const queue = createQueue({ work, onError: () => undefined, workers: 2, clock: time }, stop.signal);
  for (const key of ['slow', 'a', 'b', 'c']) queue.add(key);
  await time.pass(1000);
  assert.deepEqual(done, ['a', 'b', 'c']);
});

test('a failure comes again after a wait that doubles, and begins anew after a success', async () => {
  const { time, queue, runs, retries } = setScene(
    (_key, attempt) => {
      if (attempt !== 4) throw new Error('not yet');
      return undefined;
    },
    { workMs: 0 },
  );
  queue.add('a');
  await time.pass(5000);
  assert.deepEqual(retries, [200, 400, 800]);
  assert.equal(runs.length, 4);
  assert.equal(queue.stats().failing, 0);
  queue.add('a');
  await time.pass(150);
  assert.deepEqual(retries, [200, 400, 800, 200]);
});

test('the API server says how long to wait', async () => {
  const refuse = () => {
    throw new KubeError(429, 'too many requests', { retryAfterMs: 7000 });
  };
  const { time, queue, retries } = setScene(refuse, { workMs: 0 });
  queue.add('a');
  await time.pass(500);
  assert.ok((retries[0] ?? 0) >= 7000);
});

test('a look asked for later comes then; one that is asked for sooner takes its place', async () => {
  const { time, queue, runs } = setScene((_key, attempt) => (attempt === 1 ? 30_000 : undefined), { workMs: 0 });
  queue.add('a');
  await time.pass(40_000);
  assert.deepEqual(describe(runs), ['a@100', 'a@30100']);
  queue.addLater('a', 60_000);
  queue.addLater('a', 10_000);
  queue.addLater('a', 90_000);
  await time.pass(200_000);
  assert.deepEqual(describe(runs).slice(2), ['a@50000']);
});

test('nothing is begun after the signal', async () => {
  const { time, queue, runs, stop } = setScene(nothing, { workers: 1 });
  for (const key of ['a', 'b']) queue.add(key);
  await time.pass(500);
  stop.abort();
  queue.add('c');
  await time.pass(100_000);
  assert.deepEqual(describe(runs), ['a@100']);
});
