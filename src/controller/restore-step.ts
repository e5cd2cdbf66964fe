// One step of a Restore: what is done, and what its status says then. No I/O. Room: controller (door).
import type { Restore, RestoreStatus } from '../api/restore.ts';
import type { Action } from './action.ts';
import type { World } from './world.ts';

export interface Step {
  readonly actions: readonly Action[];
  readonly status: RestoreStatus;
}

export function fail(restore: Restore, message: string, { now }: World): Step {
  return { actions: [], status: { ...restore.status, phase: 'Failed', message, completedAt: now } };
}
