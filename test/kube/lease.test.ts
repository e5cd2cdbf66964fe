import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Kube, KubeError } from '../../src/kube/client.ts';
import { type LeaseOptions, runAsLeader } from '../../src/kube/lease.ts';
import { buildLease, decideLease, type Lease, observe } from '../../src/kube/lease-decision.ts';
import { createFakeKube, type FakeKube } from '../support/fake-kube.ts';
import { createRecordedLog } from '../support/recorded-log.ts';
import { createVirtualTime, type VirtualTime } from '../support/virtual-time.ts';

const REF = { name: 'walguard-controller', namespace: 'walguard-system' };
const TIMING = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2000 };

function leaseOf(holderIdentity: string | undefined, leaseDurationSeconds = 15): Lease {
  const spec = holderIdentity === undefined ? {} : { holderIdentity, leaseDurationSeconds };
  return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { ...REF, resourceVersion: '1' }, spec };
}

test('the step follows from the Lease and from how long it has not changed', () => {
  const rows: readonly (readonly [step: string, lease: Lease | undefined, unchangedMs: number])[] = [
    ['create', undefined, 0],
    ['take', leaseOf(undefined), 0],
    ['take', leaseOf('', 1), 0],
    ['renew', leaseOf('a'), 0],
    ['renew', leaseOf('a'), 99_000],
    ['wait', leaseOf('b'), 0],
    ['wait', leaseOf('b'), 14_999],
    ['take', leaseOf('b'), 15_000],
    // What the holder promised counts, not what we would.
    ['wait', leaseOf('b', 60), 59_999],
    ['take', leaseOf('b', 60), 60_000],
    ['wait', leaseOf('b', 0), 14_999],
    ['take', leaseOf('b', 0), 15_000],
  ];
  for (const [step, lease, unchangedMs] of rows) {
    const decided = decideLease({ lease, since: 500 }, 'a', 500 + unchangedMs, TIMING.leaseMs);
    assert.equal(decided, step, `${JSON.stringify(lease?.spec)}, unchanged for ${unchangedMs} ms`);
  }
});

test('a Lease counts as unchanged by its resourceVersion, whatever times its holder has written into it', () => {
  const first = observe(undefined, leaseOf('b'), 1000);
  assert.equal(observe(first, { ...leaseOf('b'), spec: { renewTime: '2999-01-01T00:00:00.000000Z' } }, 9000), first);
  const renewed = leaseOf('b');
  renewed.metadata.resourceVersion = '2';
  assert.equal(observe(first, renewed, 9000).since, 9000);
  assert.equal(observe(first, undefined, 9000).since, 9000);
});

test('a taken Lease counts a transition, a renewed one keeps when it was acquired, unknown fields stay', () => {
  const now = '2026-11-21T10:00:00.123Z';
  const made = buildLease(undefined, REF, 'a', now, 15_000);
  assert.deepEqual(made.spec, {
    holderIdentity: 'a',
    leaseDurationSeconds: 15,
    acquireTime: '2026-11-21T10:00:00.123000Z',
    renewTime: '2026-11-21T10:00:00.123000Z',
    leaseTransitions: 0,
  });
  const later = '2026-11-21T11:00:00.000Z';
  const renewed = buildLease({ ...made, spec: { ...made.spec, future: 1 } }, REF, 'a', later, 15_000);
  assert.deepEqual(renewed.spec, { ...made.spec, future: 1, renewTime: '2026-11-21T11:00:00.000000Z' });
  const taken = buildLease(made, REF, 'b', later, 15_000);
  assert.deepEqual([taken.spec?.leaseTransitions, taken.spec?.acquireTime], [1, '2026-11-21T11:00:00.000000Z']);
});

interface Turn {
  readonly who: string;
  readonly from: number;
  to: number;
}

interface Contestant {
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

/** Contends on the virtual clock, notes its turns, and takes `stopMs` to end its work. */
function contend(
  time: VirtualTime,
  kube: LeaseApi,
  who: string,
  turns: Turn[],
  {
    stopMs = 0,
    rate = 1,
    offset = 0,
    ...more
  }: Partial<LeaseOptions> & { stopMs?: number; rate?: number; offset?: number } = {},
): Contestant {
  const stop = new AbortController();
  const clock = {
    now: () => offset + time.now() * rate,
    sleep: (ms: number, signal: AbortSignal) => time.sleep(ms / rate, signal),
  };
  const options = { ...REF, identity: who, log: createRecordedLog().log, timing: TIMING, clock, ...more };
  const ended = runAsLeader(kube, options, stop.signal, async (signal) => {
    const turn = { who, from: time.now(), to: Number.POSITIVE_INFINITY };
    turns.push(turn);
    await time.sleep(1e9, signal);
    await time.sleep(stopMs);
    turn.to = time.now();
  });
  return { stop, ended };
}

type LeaseApi = Pick<Kube, 'get' | 'create' | 'replace'>;

function holderOf({ objects }: FakeKube): string | undefined {
  return (objects.find(({ kind }) => kind === 'Lease') as Lease | undefined)?.spec?.holderIdentity;
}

test('one leads and goes on leading; the other takes over when it is given back, within a retry', async () => {
  const time = createVirtualTime();
  const kube = createFakeKube();
  const turns: Turn[] = [];
  let standbys = 0;
  const first = contend(time, kube, 'a', turns);
  await time.pass(1);
  const second = contend(time, kube, 'b', turns, { onStandby: () => standbys++ });
  await time.pass(600_000);
  assert.deepEqual(turns, [{ who: 'a', from: 0, to: Number.POSITIVE_INFINITY }]);
  assert.ok(standbys > 100, 'the one that stands by has looked all the while');
  const stoppedAt = time.now();
  first.stop.abort();
  await time.pass(5000);
  await first.ended;
  assert.deepEqual([turns.length, turns[0]?.to, turns[1]?.who], [2, stoppedAt, 'b']);
  assert.ok((turns[1]?.from ?? 0) - stoppedAt <= 2.2 * TIMING.retryMs);
  second.stop.abort();
  await time.pass(1);
  await second.ended;
  assert.equal(holderOf(kube), '');
});

test('a holder that is gone without a word is followed after the duration, not before', async () => {
  const time = createVirtualTime();
  const kube = createFakeKube({ ...leaseOf('killed'), metadata: { ...REF } });
  const turns: Turn[] = [];
  const contestant = contend(time, kube, 'b', turns);
  await time.pass(14_999);
  assert.equal(turns.length, 0);
  await time.pass(5000);
  assert.equal(turns[0]?.who, 'b');
  contestant.stop.abort();
  await time.pass(1);
  await contestant.ended;
});

test('a holder that cannot renew has stopped its work before another one may begin, and contends again', async () => {
  const time = createVirtualTime();
  const kube = createFakeKube();
  const cutOff = cut(kube);
  const turns: Turn[] = [];
  const a = contend(time, cutOff, 'a', turns, { stopMs: 4000 });
  await time.pass(1);
  const b = contend(time, kube, 'b', turns);
  await time.pass(60_000);
  cutOff.isCut = true;
  const cutAt = time.now();
  await time.pass(60_000);
  assert.equal(turns.map(({ who }) => who).join(), 'a,b');
  assert.ok((turns[0]?.to ?? 0) - cutAt <= TIMING.renewDeadlineMs + 4000);
  assert.ok((turns[0]?.to ?? 0) <= (turns[1]?.from ?? 0));
  cutOff.isCut = false;
  b.stop.abort();
  await time.pass(10_000);
  assert.equal(turns.map(({ who }) => who).join(), 'a,b,a', 'its process was not ended by that');
  a.stop.abort();
  await time.pass(5000);
  await Promise.all([a.ended, b.ended]);
});

test('short trouble with the API server ends no turn', async () => {
  const time = createVirtualTime();
  const cutOff = cut(createFakeKube());
  const turns: Turn[] = [];
  const a = contend(time, cutOff, 'a', turns);
  await time.pass(10_001);
  cutOff.isCut = true;
  await time.pass(7000);
  cutOff.isCut = false;
  await time.pass(60_000);
  assert.equal(turns.length, 1);
  a.stop.abort();
  await time.pass(1);
  await a.ended;
});

test('answers that never come end the turn in time too', async () => {
  const time = createVirtualTime();
  const kube = createFakeKube();
  const never = new Promise<never>(() => undefined);
  let isSlow = false;
  const slow: LeaseApi = { ...kube, replace: (object) => (isSlow ? never : kube.replace(object)) };
  const turns: Turn[] = [];
  contend(time, slow, 'a', turns);
  await time.pass(10_001);
  isSlow = true;
  await time.pass(TIMING.renewDeadlineMs + 1);
  assert.equal(turns.length, 1);
  assert.ok((turns[0]?.to ?? 0) <= 10_001 + TIMING.renewDeadlineMs);
});

test('a turn counts from when a renewal was sent: another one may have seen it long before its answer came', async () => {
  const time = createVirtualTime();
  const kube = createFakeKube();
  const sentAt: number[] = [];
  let isCut = false;
  const late: LeaseApi = {
    ...kube,
    replace: async (object) => {
      if (isCut) throw new Error('connection refused');
      sentAt.push(time.now());
      isCut = true;
      const answer = await kube.replace(object);
      await time.sleep(4900);
      return answer;
    },
  };
  const turns: Turn[] = [];
  const a = contend(time, late, 'a', turns);
  await time.pass(60_000);
  assert.equal(turns[0]?.to, (sentAt[0] ?? 0) + TIMING.renewDeadlineMs);
  a.stop.abort();
  await time.pass(1);
  await a.ended;
});

test('a renewal under way at the end does not take back what is given back', async () => {
  const time = createVirtualTime();
  const kube = createFakeKube();
  const slow: LeaseApi = { ...kube, replace: (object) => time.sleep(1000).then(() => kube.replace(object)) };
  const a = contend(time, slow, 'a', []);
  await time.pass(2500);
  a.stop.abort();
  await time.pass(10_000);
  await a.ended;
  assert.equal(holderOf(kube), '');
});

test('a holder that finds another one in its place stops at once', async () => {
  const time = createVirtualTime();
  const kube = createFakeKube();
  const turns: Turn[] = [];
  const a = contend(time, kube, 'a', turns);
  await time.pass(5000);
  const live = (await kube.get<Lease>(leaseOf(''))) ?? assert.fail('no Lease');
  await kube.replace({ ...live, spec: { ...live.spec, holderIdentity: 'usurper' } });
  await time.pass(TIMING.retryMs);
  assert.ok((turns[0]?.to ?? Number.POSITIVE_INFINITY) <= 5000 + TIMING.retryMs);
  a.stop.abort();
  await time.pass(1);
  await a.ended;
  assert.equal(holderOf(kube), 'usurper', 'what is not ours is not given back');
});

test("a write of somebody else's, that leaves the holder as it is, costs no turn", async () => {
  const time = createVirtualTime();
  const kube = createFakeKube();
  const turns: Turn[] = [];
  const a = contend(time, kube, 'a', turns);
  await time.pass(5000);
  const live = (await kube.get<Lease>(leaseOf(''))) ?? assert.fail('no Lease');
  await kube.replace({ ...live, metadata: { ...live.metadata, labels: { seen: 'yes' } } });
  await time.pass(60_000);
  assert.equal(turns.length, 1);
  const after = await kube.get<Lease>(leaseOf(''));
  assert.deepEqual(after?.metadata.labels, { seen: 'yes' });
  kube.objects.length = 0;
  await time.pass(60_000);
  assert.deepEqual([turns.length, holderOf(kube)], [1, 'a'], 'a deleted Lease is made again');
  a.stop.abort();
  await time.pass(1);
  await a.ended;
});

test('a work that does not end with its turn is an error, and the Lease is not given back', async () => {
  const time = createVirtualTime();
  const kube = createFakeKube();
  const turns: Turn[] = [];
  const a = contend(time, kube, 'a', turns, { stopMs: 1e6 });
  const failed = assert.rejects(a.ended, /the work did not end with its turn/);
  await time.pass(5000);
  a.stop.abort();
  await time.pass(TIMING.leaseMs);
  await failed;
  assert.equal(holderOf(kube), 'a');
});

test("the work's own end and its own error end the contest, and the Lease is free", async () => {
  const failing = () => Promise.reject(new Error('broken'));
  for (const [work, expected] of [
    [async () => undefined, 'ended'],
    [failing, 'broken'],
  ] as const) {
    const time = createVirtualTime();
    const kube = createFakeKube();
    const options = { ...REF, identity: 'a', log: createRecordedLog().log, timing: TIMING, clock: time };
    const outcome = runAsLeader(kube, options, new AbortController().signal, work).then(
      () => 'ended',
      (error: Error) => error.message,
    );
    await time.pass(10_000);
    assert.equal(await outcome, expected);
    assert.equal(holderOf(kube), '');
  }
});

test('the signal ends one that stands by, or whose API server is away', async () => {
  for (const failure of [undefined, new KubeError(503, 'away')]) {
    const time = createVirtualTime();
    const kube = createFakeKube({ ...leaseOf('other'), metadata: { ...REF } });
    kube.failWith(failure);
    const turns: Turn[] = [];
    const a = contend(time, kube, 'a', turns);
    await time.pass(10_000);
    a.stop.abort();
    await a.ended;
    assert.deepEqual(turns, []);
  }
});

// Lost answers, late answers, cut connections, clocks that start anywhere and run at different rates, work that takes its
// time to end. A fifth of drift is what 15 s and 10 s bear; no machine has a hundredth of it.
test('whatever goes wrong, there are never two at work, and in the end there is one', async () => {
  const contestant = fc.record({
    stopMs: fc.integer({ min: 0, max: 1500 }),
    rate: fc.double({ min: 0.9, max: 1.1, noNaN: true }),
    offset: fc.integer({ min: -1e9, max: 1e9 }),
  });
  const fault = fc.record({
    afterMs: fc.integer({ min: 0, max: 8000 }),
    isLost: fc.boolean(),
    isAnswerLost: fc.boolean(),
    delayMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 5000 })),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(contestant, { minLength: 2, maxLength: 3 }),
      fc.array(fc.array(fault, { maxLength: 30 }), { minLength: 3, maxLength: 3 }),
      async (contestants, faults) => {
        const time = createVirtualTime();
        const kube = createFakeKube();
        const turns: Turn[] = [];
        const all = contestants.map((each, at) =>
          contend(time, disturb(time, kube, faults[at] ?? []), `${at}`, turns, each),
        );
        await time.pass(300_000);
        for (const one of turns) {
          for (const other of turns) {
            if (one === other) continue;
            assert.ok(one.to <= other.from || other.to <= one.from, JSON.stringify(turns));
          }
        }
        assert.equal(turns.filter(({ to }) => to === Number.POSITIVE_INFINITY).length, 1);
        for (const { stop } of all) stop.abort();
        await time.pass(20_000);
        await Promise.all(all.map(({ ended }) => ended));
      },
    ),
    { numRuns: 150 },
  );
});

/** A connection that can be cut. */
function cut(kube: LeaseApi): LeaseApi & { isCut: boolean } {
  const over = async (call: () => Promise<unknown>) => {
    if (line.isCut) throw new Error('connection refused');
    return call();
  };
  const line = {
    isCut: false,
    get: (ref) => over(() => kube.get(ref)) as never,
    create: (object) => over(() => kube.create(object)) as never,
    replace: (object) => over(() => kube.replace(object)) as never,
  } satisfies LeaseApi & { isCut: boolean };
  return line;
}

interface Fault {
  readonly afterMs: number;
  readonly isLost: boolean;
  readonly isAnswerLost: boolean;
  readonly delayMs: number;
}

/** The same API over a bad line: each call takes the next fault, as long as there are any. */
function disturb(time: VirtualTime, kube: LeaseApi, faults: readonly Fault[]): LeaseApi {
  let at = 0;
  const over = async (call: () => Promise<unknown>) => {
    const { afterMs, isLost, isAnswerLost, delayMs } = faults[at++] ?? { afterMs: 1, delayMs: 1 };
    await time.sleep(delayMs);
    if (isLost) throw new Error('connection reset');
    const answer = await call();
    await time.sleep(Math.min(afterMs, 5000 - delayMs));
    if (isAnswerLost) throw new Error('timeout');
    return answer;
  };
  return {
    get: (ref) => over(() => kube.get(ref)) as never,
    create: (object) => over(() => kube.create(object)) as never,
    replace: (object) => over(() => kube.replace(object)) as never,
  };
}
