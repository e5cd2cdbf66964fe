// What the sidecar looks at again and again: one file for each loop, listed in sidecar.ts. Room: agent (door).
import { setTimeout as sleep } from 'node:timers/promises';
import type { SidecarMetrics } from '../telemetry/sidecar-metrics.ts';
import type { AgentContext } from './context.ts';
import type { Supervisor } from './daemon.ts';
import type { State } from './state.ts';

/** What loops and routes share. */
export interface Sidecar {
  readonly context: AgentContext;
  readonly supervisor: Supervisor;
  readonly metrics: SidecarMetrics;
  /** What the loops found last. */
  readonly state: State;
}

export interface Loop {
  readonly name: string;
  /** Pause between the end of one tick and the next. */
  readonly everyMs: number;
  /** Always, where it is not given. */
  readonly isWanted?: (context: AgentContext) => boolean;
  /** One that throws is logged, and the next comes all the same. */
  readonly tick: (sidecar: Sidecar) => Promise<void>;
}

/** Until the signal. */
export async function runLoop({ name, everyMs, tick }: Loop, sidecar: Sidecar, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await tick(sidecar).catch((error: Error) => {
      sidecar.context.log.error({ loop: name, error: error.message }, 'a look failed');
    });
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
}
