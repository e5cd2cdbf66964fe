// Leadership among real processes on a real API server: whoever is killed, frozen or asked to go, one works at a time.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, down, up } from '../cluster/cluster.ts';
import { getObject, waitFor } from '../support/cluster-client.ts';
import { TIMING } from './lease/timing.ts';

const program = join(import.meta.dirname, 'lease', 'contender.ts');
/** A machine that does other things too. */
const SLACK_MS = 2500;
let cluster: Cluster;

before(async () => {
  cluster = await up({ apiOnly: true });
});

after(() => down({ apiOnly: true }));

interface Turn {
  readonly who: string;
  readonly from: number;
  to: number;
}

interface Contender {
  readonly child: ChildProcess;
  readonly isWorking: () => boolean;
  readonly standbys: () => number;
  readonly kill: (signal: NodeJS.Signals) => number;
}

const now = () => Number(process.hrtime.bigint() / 1_000_000n);

function contend(context: TestContext, lease: string, identity: string, turns: Turn[]): Contender {
  const env = { ...process.env, KUBECONFIG: cluster.kubeconfig };
  const child = spawn(process.execPath, [program, lease, identity], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let turn: Turn | undefined;
  let standbys = 0;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [what, at] = line.split(' ');
    if (what === 'standby') standbys++;
    if (what === 'begin') {
      turn = { who: identity, from: Number(at), to: Number.POSITIVE_INFINITY };
      turns.push(turn);
    }
    if (what === 'end' && turn) turn.to = Number(at);
  });
  context.after(() => void child.kill('SIGKILL'));
  return {
    child,
    isWorking: () => turn?.to === Number.POSITIVE_INFINITY,
    standbys: () => standbys,
    kill: (signal) => {
      child.kill(signal);
      if (signal === 'SIGKILL' && turn) turn.to = Math.min(turn.to, now());
      return now();
    },
  };
}

const soon = (what: string, holds: () => boolean) =>
  waitFor(what, async () => holds(), { timeoutMs: 15_000, everyMs: 20 });

function assertOneAtATime(turns: readonly Turn[]): void {
  const sorted = turns.toSorted((a, b) => a.from - b.from);
  for (const [at, turn] of sorted.entries()) {
    const next = sorted[at + 1];
    if (next) assert.ok(turn.to <= next.from, `${JSON.stringify(turn)} goes on into ${JSON.stringify(next)}`);
  }
}

test('one of two works; the other one follows a killed one after its time, and one that leaves at once', async (context) => {
  const turns: Turn[] = [];
  const a = contend(context, 'one', 'a', turns);
  await soon('a to work', a.isWorking);
  const b = contend(context, 'one', 'b', turns);
  await soon('b to have looked for longer than the Lease lasts', () => b.standbys() > TIMING.leaseMs / TIMING.retryMs);
  assert.deepEqual([a.isWorking(), b.isWorking()], [true, false]);

  const killedAt = a.kill('SIGKILL');
  await soon('b to work', b.isWorking);
  const tookMs = (turns[1]?.from ?? 0) - killedAt;
  assert.ok(tookMs >= TIMING.leaseMs - TIMING.retryMs - 100, `b came after ${tookMs} ms`);
  assert.ok(tookMs <= TIMING.leaseMs + 2.2 * TIMING.retryMs + SLACK_MS, `b came after ${tookMs} ms`);

  const c = contend(context, 'one', 'c', turns);
  await soon('c to stand by', () => c.standbys() > 0);
  const left = once(b.child, 'exit');
  const leftAt = b.kill('SIGTERM');
  await soon('c to work', c.isWorking);
  assert.ok(
    (turns[2]?.from ?? 0) - leftAt < TIMING.leaseMs - TIMING.retryMs,
    'without waiting for the Lease to run out',
  );
  assert.deepEqual(await left, [0, null]);

  const lease = await getObject(cluster, 'default', 'lease', 'one');
  assert.deepEqual(
    [lease.spec.holderIdentity, lease.spec.leaseTransitions, lease.spec.leaseDurationSeconds],
    ['c', 2, 3],
  );
  assertOneAtATime(turns);
});

test('of many that come at the same time one works, again and again', async (context) => {
  const turns: Turn[] = [];
  const all = ['a', 'b', 'c'].map((identity) => contend(context, 'many', identity, turns));
  for (let round = 0; round < all.length; round++) {
    await soon('somebody to work', () => all.filter(({ isWorking }) => isWorking()).length === 1);
    await sleep(2 * TIMING.retryMs);
    all.find(({ isWorking }) => isWorking())?.kill('SIGTERM');
    await soon('the work to end', () => turns.filter(({ to }) => to !== Number.POSITIVE_INFINITY).length > round);
  }
  assert.equal(new Set(turns.map(({ who }) => who)).size, 3);
  assertOneAtATime(turns);
});

test('one that was frozen for longer than its Lease finds its turn over when it wakes', async (context) => {
  const turns: Turn[] = [];
  const a = contend(context, 'frozen', 'a', turns);
  await soon('a to work', a.isWorking);
  const b = contend(context, 'frozen', 'b', turns);
  await soon('b to stand by', () => b.standbys() > 0);
  a.kill('SIGSTOP');
  await soon('b to work', b.isWorking);
  const wokenAt = a.kill('SIGCONT');
  await soon('a to stop', () => !a.isWorking());
  assert.ok((turns[0]?.to ?? 0) - wokenAt < TIMING.retryMs + SLACK_MS);
  await soon('a to stand by', () => a.standbys() > 0);
  assert.ok(b.isWorking());
});
