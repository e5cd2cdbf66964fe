// The status of one ProtectedDatabase: when it is written, and what is said where there is nothing to judge. No I/O.
// Room: controller (door).
import type { KubeObject, StatefulSet } from '../api/kubernetes.ts';
import { API_VERSION, LABEL } from '../api/names.ts';
import {
  NOT_PROTECTED,
  NOT_RESOLVED,
  type ProtectedDatabase,
  type ProtectedDatabaseStatus,
} from '../api/protected-database.ts';
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
    conditions: [{ type: 'Protected', status: 'False', reason: NOT_RESOLVED, message: why, lastTransitionTime }],
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
  // Nothing rehearses it now: its drills are asked for anew when it comes back.
  const { drillsSince: _gone, drillNamespaces: _places, ...kept } = database.status ?? {};
  const status: ProtectedDatabaseStatus = { ...kept, conditions };
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
  if (live && !isWorthWriting(live.status, status, world.now)) return make;
  return [...make, { verb: 'apply-status', object: { ...database, status: { updatedAt: world.now, ...status } } }];
}

/** Counters and words move at each look; they are written this often at most. */
const QUIET_MS = 30_000;

/**
 * | what differs                                    | last written        | written |
 * | nothing, or what moves by itself all the time   |                     | no      |
 * | counters, messages                              | a moment ago        | no      |
 * | counters, messages                              | half a minute ago   | yes     |
 * | anything else: a condition, a backup, a cluster |                     | yes     |
 */
export function isWorthWriting(
  previous: ProtectedDatabaseStatus | undefined,
  next: ProtectedDatabaseStatus,
  now: string,
): boolean {
  if (!previous) return true;
  if (isEqual(withoutNoise(previous), withoutNoise(next))) return false;
  if (!isEqual(withoutCounters(previous), withoutCounters(next))) return true;
  return !(Date.parse(now) - Date.parse(previous.updatedAt ?? '') < QUIET_MS);
}

type Instance = NonNullable<ProtectedDatabaseStatus['instances']>[number];

/** Of an idle database too: what the volume's other users do, and that the store was asked once more. */
function withoutNoise({ updatedAt: _at, ...status }: ProtectedDatabaseStatus): ProtectedDatabaseStatus {
  return { ...status, instances: (status.instances ?? []).map(quiet) };
}

function quiet({ archiver, storage, ...instance }: Instance): Instance {
  const { walBytes: _wal, volumeBytes: _size, volumeFreeBytes: _free, ...counters } = archiver ?? {};
  const probe = storage && { ...storage, checkedAt: '' };
  return { ...instance, ...(archiver ? { archiver: counters } : {}), ...(probe ? { storage: probe } : {}) };
}

function withoutCounters(status: ProtectedDatabaseStatus): unknown {
  const { lastArchivedWalTime: _time, latestRestorableTime: _latest, ...rest } = withoutNoise(status);
  return {
    ...rest,
    conditions: rest.conditions?.map((each) => ({ ...each, message: '' })),
    instances: rest.instances?.map(
      ({ archiver, latestRestorableTime: _each, message: _message, storage, ...instance }) => {
        const { archiveMode, missingSettings, settingsRemedy, droppedAt } = archiver ?? {};
        const { message: _words, ...probe } = storage ?? {};
        return { ...instance, archiveMode, missingSettings, settingsRemedy, droppedAt, probe };
      },
    ),
  };
}
