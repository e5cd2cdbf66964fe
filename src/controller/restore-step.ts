// One step of a Restore: what is done, and what its status says then. No I/O. Room: controller (door).
import type { KubeObject } from '../api/kubernetes.ts';
import { API_VERSION } from '../api/names.ts';
import type { Restore, RestoreStatus, WorkingPhase } from '../api/restore.ts';
import { isEqual } from '../lib/json.ts';
import type { Action } from './action.ts';
import type { World } from './world.ts';

export interface Step {
  readonly actions: readonly Action[];
  readonly status: RestoreStatus;
}

export function fail(restore: Restore, message: string, { now }: World): Step {
  return { actions: [], status: { ...restore.status, phase: 'Failed', message, completedAt: now } };
}

/** When each phase began, that comes from the step before it; the end has a time of its own. */
export function notePhase(before: RestoreStatus | undefined, after: RestoreStatus, { now }: World): RestoreStatus {
  const { phases = [], phase } = before ?? {};
  const isNew = after.phase !== phase && after.phase !== undefined && !ENDS.has(after.phase);
  const noted = isNew ? [...phases, { phase: after.phase as WorkingPhase, startedAt: now }] : phases;
  return noted.length === 0 ? after : { ...after, phases: noted };
}

const ENDS: ReadonlySet<string> = new Set(['Completed', 'Failed']);

/** Nothing where it says that already. */
export function writeStatus({ apiVersion, kind, metadata, status: before }: Restore, status: RestoreStatus): Action[] {
  if (isEqual(before ?? {}, status)) return [];
  const { name, namespace } = metadata;
  const head = { apiVersion: apiVersion ?? API_VERSION, kind: kind ?? 'Restore', metadata: { name, namespace } };
  return [{ verb: 'apply-status', object: { ...head, status } as KubeObject }];
}
