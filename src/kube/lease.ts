// Leadership by a Lease: of all that contend, one works at a time. The rules are those of Kubernetes' own programs.
// Room: kube.
import type { Logger } from '../telemetry/log.ts';
import { type Kube, KubeError } from './client.ts';
import { type Clock, MONOTONIC } from './clock.ts';
import { buildLease, decideLease, type Lease, type Observed, observe } from './lease-decision.ts';

/** Milliseconds. Between renewDeadlineMs and leaseMs is the time in which the work of one that lost it comes to its end. */
export interface LeaseTiming {
  readonly leaseMs: number;
  readonly renewDeadlineMs: number;
  readonly retryMs: number;
}

export const LEASE_TIMING: LeaseTiming = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2000 };

export interface LeaseOptions {
  readonly name: string;
  readonly namespace: string;
  /** Of this process and no other, past or present. */
  readonly identity: string;
  readonly log: Logger;
  readonly timing?: LeaseTiming;
  readonly clock?: Clock;
  /** Called at each look that finds another one leading. */
  readonly onStandby?: () => void;
}

/** Its calls need a timeout well below renewDeadlineMs, and must outlive the signal: the Lease is given back after it. */
export type LeaseApi = Pick<Kube, 'get' | 'create' | 'replace'>;

/**
 * Contends until the signal, and does the work whenever it leads. The work's own signal ends with the turn; it must settle
 * within leaseMs - renewDeadlineMs of that. Returns when the signal or the work has ended and the Lease is given back.
 * Rejects with the work's error, and when a work that lost its turn does not end: then the process must.
 */
export async function runAsLeader(
  kube: LeaseApi,
  options: LeaseOptions,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { clock = MONOTONIC, timing = LEASE_TIMING, ...rest } = options;
  const { name, log, identity } = options;
  const contender: Contender = { kube, clock, timing, ...rest, heldSince: Number.NEGATIVE_INFINITY, isOurs: false };
  while (!signal.aborted) {
    if ((await tryHold(contender)) === 'ours') {
      log.info({ lease: name, identity }, 'leading');
      if ((await lead(contender, signal, work)) === 'done') return;
      log.warn({ lease: name }, 'leadership was lost; all work is stopped');
    }
    await clock.sleep(timing.retryMs * (1 + 1.2 * Math.random()), signal);
  }
}

interface Contender extends Omit<LeaseOptions, 'clock' | 'timing'> {
  readonly kube: LeaseApi;
  readonly clock: Clock;
  readonly timing: LeaseTiming;
  observed?: Observed;
  /** On our clock: when the last write that succeeded was sent. Another one counts from later than that. */
  heldSince: number;
  /** What we wrote last stands, as far as we know: a renewal needs no look before it. */
  isOurs: boolean;
  leader?: string | undefined;
}

/** One attempt to take or to keep it; never two at once. */
function tryHold(contender: Contender): Promise<'ours' | 'others' | 'unknown'> {
  return attempt(contender, false).catch(({ message }: Error) => {
    contender.log.warn({ lease: contender.name, error: message }, 'the Lease could not be read or written');
    return 'unknown';
  });
}

async function attempt(contender: Contender, isLast: boolean): Promise<'ours' | 'others'> {
  const { kube, clock, identity, timing } = contender;
  const metadata = { name: contender.name, namespace: contender.namespace };
  let seen = contender.observed;
  if (!seen || !contender.isOurs) {
    const live = await kube.get<Lease>({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata });
    seen = observe(seen, live, clock.now());
    contender.observed = seen;
  }
  const step = decideLease(seen, identity, clock.now(), timing.leaseMs);
  if (step === 'wait') {
    standBy(contender, seen.lease?.spec?.holderIdentity);
    return 'others';
  }
  contender.isOurs = false;
  const sentAt = clock.now();
  const wanted = buildLease(seen.lease, metadata, identity, new Date().toISOString(), timing.leaseMs);
  try {
    const lease = await (step === 'create' ? kube.create(wanted) : kube.replace(wanted));
    contender.observed = { lease, since: clock.now() };
  } catch (error) {
    // What is there now decides, and at once.
    if (!isLast && isOvertaken(error)) return attempt(contender, true);
    throw error;
  }
  contender.isOurs = true;
  contender.heldSince = sentAt;
  contender.leader = identity;
  return 'ours';
}

function standBy(contender: Contender, holder: string | undefined): void {
  const { log, name, leader, onStandby } = contender;
  if (holder !== leader) log.info({ lease: name, leader: holder }, 'standing by, another one leads');
  contender.leader = holder;
  onStandby?.();
}

/** Written or deleted by somebody since we looked. */
function isOvertaken(error: unknown): boolean {
  return error instanceof KubeError && (error.status === 409 || error.status === 404);
}

/**
 * | why the turn ends               | the work's signal | outcome                            |
 * | shutdown                        | ends              | done, the Lease is given back      |
 * | the work has come to its end    |                   | done, the Lease is given back      |
 * | another holds the Lease         | ends              | lost                               |
 * | no renewal for renewDeadlineMs  | ends              | lost                               |
 * | as above, and the work goes on  | ended             | rejects when the Lease has run out |
 */
async function lead(
  contender: Contender,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<'done' | 'lost'> {
  const { clock, timing } = contender;
  const turn = new AbortController();
  const ended = new AbortController();
  const isOver = AbortSignal.any([signal, turn.signal, ended.signal]);
  const working = work(AbortSignal.any([signal, turn.signal])).finally(() => ended.abort());
  // It is awaited below; until then its failure is no unhandled one.
  working.catch(() => undefined);
  // Two loops: a renewal that hangs must not lengthen the turn.
  const renewing = repeat(isOver, async () => {
    await clock.sleep(timing.retryMs, isOver);
    // "unknown" is no loss yet.
    if (!isOver.aborted && (await tryHold(contender)) === 'others') turn.abort();
  });
  await repeat(isOver, async () => {
    const leftMs = contender.heldSince + timing.renewDeadlineMs - clock.now();
    if (leftMs > 0) await clock.sleep(leftMs, isOver);
    else turn.abort();
  });
  if (!ended.signal.aborted) await clock.sleep(contender.heldSince + timing.leaseMs - clock.now(), ended.signal);
  if (!ended.signal.aborted)
    throw new Error('the work did not end with its turn: this process must, before another begins');
  // A renewal under way could take back what is given back.
  await renewing;
  if (turn.signal.aborted) return 'lost';
  await release(contender);
  await working;
  return 'done';
}

/** Makes room at once, instead of when the Lease has run out. */
async function release(contender: Contender): Promise<void> {
  const { kube, log, name, observed, isOurs } = contender;
  if (!isOurs || !observed?.lease) return;
  contender.isOurs = false;
  // One second, because zero is refused; nobody waits for a Lease without a holder.
  const spec = { ...observed.lease.spec, holderIdentity: '', leaseDurationSeconds: 1 };
  await kube.replace({ ...observed.lease, spec }).then(
    () => log.info({ lease: name }, 'the Lease is given back'),
    ({ message }: Error) => log.warn({ lease: name, error: message }, 'the Lease was not given back; it will run out'),
  );
}

async function repeat(until: AbortSignal, step: () => Promise<void>): Promise<void> {
  while (!until.aborted) await step();
}
