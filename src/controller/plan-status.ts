// The status of one ProtectedDatabase: when it is written, and what is said where there is nothing to judge. No I/O.
// Room: controller (door).
import type { KubeObject, StatefulSet } from '../api/kubernetes.ts';
import { API_VERSION, LABEL } from '../api/names.ts';
import { NOT_PROTECTED, type ProtectedDatabase, type ProtectedDatabaseStatus } from '../api/protected-database.ts';
import { isEqual } from '../lib/json.ts';
import { policyOf } from '../policy/policy-of.ts';
import type { Action } from './action.ts';
import { findDatabase } from './view.ts';
import { find, type World } from './world.ts';

export function describeUnresolved(
  why: string,
  workload: StatefulSet,
  previous: ProtectedDatabaseStatus | undefined,
): ProtectedDatabaseStatus {
  const { metadata } = workload;
  const policy = policyOf(workload) ?? '';
  const lastTransitionTime = metadata.creationTimestamp ?? '1970-01-01T00:00:00Z';
  return {
    policy,
    observedGeneration: metadata.generation ?? 0,
    conditions: [{ type: 'Protected', status: 'False', reason: 'NotResolved', message: why, lastTransitionTime }],
    instances: [...(previous?.instances ?? [])],
  };
}

/** A database whose StatefulSet is gone, or names no policy any more: what was said of it must not stand. */
export function planGone(database: ProtectedDatabase, { statefulSets, now }: World): Action[] {
  const { name, namespace } = database.metadata;
  const workload = find(statefulSets, namespace ?? '', name ?? '');
  if (policyOf(workload)) return [];
  const message = workload ? 'its StatefulSet names no policy' : 'its StatefulSet does not exist; its backups are kept';
  const conditions = ['Protected', 'ContinuousArchiving'].map((type) => {
    const before = database.status?.conditions?.find((condition) => condition.type === type);
    return {
      type,
      status: 'False' as const,
      reason: NOT_PROTECTED,
      message,
      lastTransitionTime: before?.status === 'False' ? before.lastTransitionTime : now,
    };
  });
  const status: ProtectedDatabaseStatus = { ...database.status, conditions };
  if (isEqual(database.status, status)) return [];
  const { apiVersion, kind } = database;
  return [{ verb: 'apply-status', object: { apiVersion, kind, metadata: { name, namespace }, status } as KubeObject }];
}

export function planStatus(workload: StatefulSet, world: World, status: ProtectedDatabaseStatus): Action[] {
  const { name, namespace } = workload.metadata;
  const labels = { [LABEL.managedBy]: 'walguard', [LABEL.database]: name ?? '' };
  const database = { apiVersion: API_VERSION, kind: 'ProtectedDatabase', metadata: { name, namespace } } as KubeObject;
  const live = findDatabase(workload, world);
  const make: Action[] = live
    ? []
    : [{ verb: 'apply', object: { ...database, metadata: { ...database.metadata, labels } } }];
  if (live && !isWorthWriting(live.status, status)) return make;
  return [...make, { verb: 'apply-status', object: { ...database, status } }];
}

const QUIET_MS = 30_000;

/** A busy database archives many segments a minute; the counters of a healthy one are written twice a minute at most. */
export function isWorthWriting(previous: ProtectedDatabaseStatus | undefined, next: ProtectedDatabaseStatus): boolean {
  if (!previous) return true;
  if (isEqual(previous, next)) return false;
  if (!isEqual(withoutCounters(previous), withoutCounters(next))) return true;
  const before = Date.parse(previous.lastArchivedWalTime ?? '');
  const after = Date.parse(next.lastArchivedWalTime ?? '');
  return !(after - before < QUIET_MS);
}

function withoutCounters({
  lastArchivedWalTime: _time,
  latestRestorableTime: _latest,
  ...status
}: ProtectedDatabaseStatus): unknown {
  return {
    ...status,
    conditions: status.conditions?.map((each) => (each.status === 'True' ? { ...each, message: '' } : each)),
    instances: status.instances?.map(
      ({ archiver: { archiveMode, missingSettings, settingsRemedy } = {}, latestRestorableTime: _each, ...rest }) => ({
        ...rest,
        archiveMode,
        missingSettings,
        settingsRemedy,
      }),
    ),
  };
}
