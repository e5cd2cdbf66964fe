// Keeps just those of the engine's daemons running that should. Room: agent (door).
import { isEqual } from '../lib/json.ts';
import { killGroup } from '../tools/exec.ts';
import type { AgentContext } from './context.ts';
import { pauseBeforeStart, STEADY_MS } from './daemon-decision.ts';
import type { DesiredDaemon, Role } from './daemon-plan.ts';
import { isAnswering, publish, type Running, startDaemon, stopDaemon } from './daemon-process.ts';

export interface Supervisor {
  /** Ends what should not run (any more, or for another prefix), starts what should; other secrets come without a pause. */
  readonly apply: (desired: readonly DesiredDaemon[]) => Promise<void>;
  readonly isRunning: (role: Role) => boolean;
  /** What the engine said last that sounds like a failure; it may be over by now. Of one that does not stay up: why. */
  readonly lastError: (role: Role) => string | undefined;
  /** Kills one that does nothing any more; the next apply starts it again. */
  readonly kill: (role: Role, why: string) => void;
  readonly stop: () => Promise<void>;
}

/** Longer than the client's own deadline of 60 s. */
const RETIRE_MS = 70_000;

/** @param retireMs how long one that has a successor goes on for those that it serves */
export function createSupervisor(context: AgentContext, retireMs = RETIRE_MS): Supervisor {
  const running = new Map<Role, Running>();
  /** Their successors answer already. */
  const retired = new Set<Running>();
  /** Of those that ended by themselves, until one has run for a while. */
  const ends = new Map<Role, Ends>();

  async function end(role: Role): Promise<void> {
    const daemon = running.get(role);
    running.delete(role);
    if (daemon) await stopDaemon(daemon);
  }

  /** Those that are served by it have their answer, or have given up, by then. */
  function retire(daemon: Running): void {
    retired.add(daemon);
    const timer = setTimeout(() => stopDaemon(daemon).finally(() => retired.delete(daemon)), retireMs);
    timer.unref();
  }

  /** A daemon with other secrets takes over from the one that runs; if it does not come up, that one goes on. */
  async function bringUp(desired: DesiredDaemon): Promise<void> {
    const before = running.get(desired.role);
    const daemon = await startDaemon(context, desired);
    if (before && !(await isAnswering(daemon))) return stopDaemon(daemon);
    await publish(daemon);
    running.set(desired.role, daemon);
    if (before) retire(before);
  }

  async function apply(desired: readonly DesiredDaemon[]): Promise<void> {
    for (const [role, daemon] of running) {
      if (daemon.exited) ends.set(role, countEnd(ends.get(role), daemon, Date.now()));
      const wanted = desired.find((each) => each.role === role);
      if (daemon.exited || wanted?.prefix !== daemon.desired.prefix) await end(role);
    }
    for (const each of desired) {
      if (isEqual(running.get(each.role)?.desired, each) || (ends.get(each.role)?.notBefore ?? 0) > Date.now())
        continue;
      await bringUp(each);
    }
  }

  return {
    apply,
    isRunning: (role) => isUp(running.get(role)),
    lastError: (role) => (isUp(running.get(role)) ? running.get(role)?.lastError : ends.get(role)?.why),
    kill: (role, why) => {
      const daemon = running.get(role);
      if (!daemon || daemon.exited) return;
      context.log.error({ role, why }, 'daemon is killed');
      daemon.why = why;
      killGroup(daemon.child, 'SIGKILL');
    },
    stop: async () => {
      await Promise.all([apply([]), ...[...retired].map(stopDaemon)]);
    },
  };
}

function isUp(daemon: Running | undefined): boolean {
  return daemon?.exited === false;
}

interface Ends {
  readonly inARow: number;
  readonly notBefore: number;
  readonly why: string;
}

function countEnd(before: Ends | undefined, { startedAt, why, lastError }: Running, now: number): Ends {
  const inARow = now - startedAt < STEADY_MS ? (before?.inARow ?? 0) + 1 : 1;
  const words = [`the engine's daemon ended ${inARow} times in a row`, why, lastError].filter(
    (each) => each !== undefined,
  );
  return { inARow, notBefore: now + pauseBeforeStart(inARow), why: words.join(': ') };
}
