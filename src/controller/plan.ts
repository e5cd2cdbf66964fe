// The decision for one protected database: its companions and its status. No I/O. Room: controller (door).
import type { KubeObject, StatefulSet } from '../api/kubernetes.ts';
import { API_VERSION, GROUP, LABEL } from '../api/names.ts';
import {
  NOT_PROTECTED,
  type Instance as ObservedInstance,
  type ProtectedDatabase,
  type ProtectedDatabaseStatus,
} from '../api/protected-database.ts';
import type { SidecarStatus } from '../api/reports.ts';
import { buildBaseBackupCronJob, buildFirstBaseBackupJob } from '../companion/base-backup.ts';
import { firstBaseBackupName, type Instance, listInstances, type Subject, toInstance } from '../companion/instance.ts';
import { buildService } from '../companion/service.ts';
import { assess } from '../health/assess.ts';
import { readInjectedStorage } from '../inject/storage-env.ts';
import { isEqual, shortHash, toStableJson } from '../lib/json.ts';
import { latest } from '../lib/recovery-window.ts';
import { policyOf } from '../policy/policy-of.ts';
import type { Action } from './action.ts';
import { readBackups } from './backups.ts';
import { pickCluster, pickWindow, retire } from './known-instance.ts';
import { resolveSubject } from './subject.ts';
import { find, sidecarKey, type World } from './world.ts';

/** Of what was applied last; equal means that nothing has to be written. */
const APPLIED = `${GROUP}/applied`;

/** How long a closed segment may wait beyond archive_timeout before archiving counts as late. */
const ARCHIVE_SLACK_SECONDS = 120;

export function planDatabase(workload: StatefulSet, world: World): Action[] {
  const previous = findDatabase(workload, world)?.status;
  const resolved = resolveSubject(workload, world);
  if (typeof resolved === 'string')
    return planStatus(workload, world, describeUnresolved(resolved, workload, previous));
  const subject = withInjectedStorage(resolved);
  const instances = listInstances(subject);
  const observed = instances.map((instance) => observeInstance(subject, instance, world));
  const retired = (previous?.instances ?? []).filter(({ pod }) => !instances.some((each) => each.pod === pod));
  const status = assess(
    {
      policy: subject.settings.policy,
      generation: workload.metadata.generation ?? 0,
      instances: observed,
      retired: retired.map(retire),
      archiveLateSeconds: subject.settings.archiveTimeoutSeconds + ARCHIVE_SLACK_SECONDS,
    },
    previous?.conditions ?? [],
    world.now,
  );
  const desired = instances.flatMap((each) => [
    buildService(subject, each),
    buildBaseBackupCronJob(subject, each, false),
  ]);
  return [
    ...desired.flatMap((object) => planApply(object, world.companions)),
    ...retired.flatMap((instance) => planSuspension(subject, instance, world)),
    ...instances.flatMap((instance) => planFirstBackup(subject, instance, status.instances ?? [], world)),
    ...planStatus(workload, world, status),
  ];
}

function planSuspension(subject: Subject, { pod }: ObservedInstance, { companions }: World): Action[] {
  const ordinal = Number(pod.slice(pod.lastIndexOf('-') + 1));
  const cronJob = buildBaseBackupCronJob(subject, toInstance(subject, ordinal), true);
  return findLive(companions, cronJob) ? planApply(cronJob, companions) : [];
}

/** Base backups go where the WAL goes. */
function withInjectedStorage(subject: Subject): Subject {
  const storage = readInjectedStorage(subject.workload) ?? subject.settings.storage;
  return { ...subject, settings: { ...subject.settings, storage } };
}

function findDatabase({ metadata }: StatefulSet, { databases }: World) {
  return find(databases, metadata.namespace ?? '', metadata.name ?? '');
}

function planApply(object: KubeObject, live: readonly KubeObject[]): Action[] {
  const hash = shortHash(toStableJson(object));
  const annotations = { ...object.metadata.annotations, [APPLIED]: hash };
  const found = findLive(live, object);
  if (found?.metadata.annotations?.[APPLIED] === hash) return [];
  return [{ verb: 'apply', object: { ...object, metadata: { ...object.metadata, annotations } } }];
}

function findLive(live: readonly KubeObject[], { kind, metadata }: KubeObject): KubeObject | undefined {
  const sameKind = live.filter((each) => each.kind === kind);
  return find(sameKind, metadata.namespace ?? '', metadata.name ?? '');
}

/**
 * | primary, and archiving works | a good backup of its cluster is known | its first Job exists | first backup |
 * | no                           |                                       |                      | wait         |
 * | yes                          | yes, by any pod, scaled away or not   |                      | none         |
 * | yes                          | no                                    | yes                  | none         |
 * | yes                          | no                                    | no                   | create       |
 *
 * So a failover costs no base backup, unless it came before the first one was done.
 */
function planFirstBackup(
  subject: Subject,
  instance: Instance,
  known: readonly ObservedInstance[],
  world: World,
): Action[] {
  const namespace = subject.workload.metadata.namespace ?? '';
  const sidecar = world.sidecars.get(sidecarKey(namespace, instance.pod));
  if (!isArchiving(sidecar)) return [];
  const { systemIdentifier } = sidecar;
  if (known.some((each) => each.systemIdentifier === systemIdentifier && each.lastSuccessfulBackup)) return [];
  if (find(world.jobs, namespace, firstBaseBackupName(instance.pod, systemIdentifier))) return [];
  return [{ verb: 'create', object: buildFirstBaseBackupJob(subject, instance, systemIdentifier) }];
}

function isArchiving(
  status: SidecarStatus | string | undefined,
): status is SidecarStatus & { systemIdentifier: string } {
  return (
    typeof status === 'object' &&
    status.daemon === 'running' &&
    status.postgres === 'up' &&
    status.inRecovery === false &&
    status.systemIdentifier !== undefined &&
    status.archiver?.archiveMode !== 'off' &&
    !status.archiver?.missingSettings?.includes('archive_command')
  );
}

function observeInstance({ workload }: Subject, { pod }: Instance, world: World): ObservedInstance {
  const namespace = workload.metadata.namespace ?? '';
  const answer = world.sidecars.get(sidecarKey(namespace, pod)) ?? 'the pod does not exist';
  const known = findDatabase(workload, world)?.status?.instances?.find((each) => each.pod === pod);
  const node = find(world.pods, namespace, pod)?.spec.nodeName;
  const base = { pod, ...(node ? { node } : {}) };
  const pods = world.pods.filter(({ metadata }) => metadata.namespace === namespace);
  if (typeof answer === 'string') {
    const backups = readBackups(pods, pod, known?.systemIdentifier, known ?? {});
    return { ...base, ...pickCluster(known ?? {}), ...pickWindow(known ?? {}), ...backups, message: answer };
  }
  const { inRecovery, archiver, message } = answer;
  // A pod that has just started has not looked at its volume yet.
  const systemIdentifier = answer.systemIdentifier ?? known?.systemIdentifier;
  const storagePrefix = answer.storagePrefix ?? known?.storagePrefix;
  const isKnownCluster = known?.systemIdentifier === systemIdentifier;
  // What was archived stays so; the counters of Postgres can be reset, and start anew with each promotion.
  const archivedAt = latest([isKnownCluster ? known?.latestRestorableTime : undefined, archiver?.lastArchivedTime]);
  return {
    ...base,
    ...pickCluster({ systemIdentifier, storagePrefix }),
    ...(inRecovery === undefined ? {} : { inRecovery }),
    ...(archiver ? { archiver } : {}),
    ...(message ? { message } : {}),
    ...(archivedAt ? { latestRestorableTime: archivedAt } : {}),
    ...readBackups(pods, pod, systemIdentifier, isKnownCluster ? (known ?? {}) : {}),
  };
}

function describeUnresolved(
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

function planStatus(workload: StatefulSet, world: World, status: ProtectedDatabaseStatus): Action[] {
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
