// From what was observed to the conditions of a ProtectedDatabase. Unknown is not healthy. Room: health (pure).
import type { Condition } from '../api/kubernetes.ts';
import type { Instance, ProtectedDatabaseStatus } from '../api/protected-database.ts';
import { isCovered } from '../lib/cluster-members.ts';
import { earliest, intersect, latest, listWindows } from '../lib/recovery-window.ts';
import { assessArchiving, assessSettings } from './assess-archiving.ts';
import { assessBackup } from './assess-backup.ts';
import { assessPromise, assessProof } from './assess-drill.ts';
import { assessDump } from './assess-dump.ts';
import { assessStorage } from './assess-storage.ts';
import { assessVerification } from './assess-verification.ts';
import { summarizeDrills } from './drill-summary.ts';
import { type Finding, finding, worst } from './finding.ts';
import type { Terms } from './terms.ts';

export interface Observation {
  readonly policy: string;
  readonly generation: number;
  /** One for each database pod that there should be: primaries and their standbys. */
  readonly instances: readonly Instance[];
  /** Those that were scaled away: kept in the status, because their backups are there to restore; not judged. */
  readonly retired: readonly Instance[];
  readonly terms: Terms;
}

/** @param now RFC 3339; @param previous the stored conditions, whose transition times are kept while nothing changes */
export function assess(observed: Observation, previous: readonly Condition[], now: string): ProtectedDatabaseStatus {
  const known = [...observed.instances, ...observed.retired];
  const judged = observed.instances.filter((instance) => !isCovered(instance, observed.instances));
  // It may be the primary next, and would archive nothing.
  const unready = observed.instances.flatMap((instance) => (judged.includes(instance) ? [] : assessSettings(instance)));
  const { terms } = observed;
  const archiving = worst([...judged.map((instance) => assessArchiving(instance, terms, now)), ...unready]);
  const backup = worst(judged.map((instance) => assessBackup(instance, known, terms, now)));
  const asked = {
    ...(terms.verificationOverdueSeconds === undefined
      ? {}
      : {
          WALIntegrityCheckPassed: worst(judged.flatMap((each) => assessVerification(each, known, terms, now) ?? [])),
        }),
    ...(terms.dumpOverdueSeconds === undefined
      ? {}
      : { LastDumpSucceeded: worst(judged.flatMap((each) => assessDump(each, known, terms, now) ?? [])) }),
  };
  // Drills need the store alone, so they go on for a database that is scaled to zero.
  const rehearsed = judged.length === 0 ? observed.retired : judged;
  const proof = rehearsed.flatMap((each) => assessProof(each, known, terms, now));
  const missed = rehearsed.flatMap((each) => assessPromise(each, known, terms));
  const findings: Record<string, Finding> = {
    Protected: assessProtected(archiving, backup, asked.WALIntegrityCheckPassed, proof, missed),
    ContinuousArchiving: archiving,
    LastBackupSucceeded: backup,
    ...asked,
    ...(terms.drills === undefined ? {} : { LastDrillSucceeded: worst([...proof, ...missed]) }),
    // A standby too: it may have to archive at any moment.
    StorageReachable: worst(observed.instances.map((instance) => assessStorage(instance, now))),
  };
  return {
    policy: observed.policy,
    observedGeneration: observed.generation,
    conditions: Object.entries(findings).map(([type, finding]) => toCondition(type, finding, previous, now)),
    instances: known,
    ...assessWindow(observed.instances, known),
    ...newest(
      'lastSuccessfulBackup',
      observed.instances.map((each) => each.lastSuccessfulBackup?.finishedAt),
    ),
    ...newest(
      'lastArchivedWalTime',
      observed.instances.map((each) => each.archiver?.lastArchivedTime),
    ),
    ...summarizeDrills(rehearsed, known),
  };
}

/**
 * All clusters of the database together: from when on, and up to when, each of them can be restored. A pod of which nothing
 * is known yet does not count, and one that was scaled away only for the cluster that it was of.
 */
function assessWindow(
  present: readonly Instance[],
  known: readonly Instance[],
): Pick<ProtectedDatabaseStatus, 'firstRecoverabilityPoint' | 'latestRestorableTime' | 'recoveryWindows'> {
  const windows = listWindows(known).filter(({ pods }) => present.some(({ pod }) => pods.includes(pod)));
  const first = windows.every(({ from }) => from) ? latest(windows.map(({ from }) => from)) : undefined;
  const last = windows.every(({ to }) => to) ? earliest(windows.map(({ to }) => to)) : undefined;
  const stretches = intersect(windows.map((each) => each.stretches));
  return {
    ...(stretches.length === 0 ? {} : { recoveryWindows: [...stretches] }),
    ...(first === undefined ? {} : { firstRecoverabilityPoint: first }),
    ...(last === undefined ? {} : { latestRestorableTime: last }),
  };
}

/**
 * A restore that was never rehearsed is a hope: without a drill nothing is Protected. The first row that holds:
 *
 * | what is not True                          | result                                                       |
 * | ContinuousArchiving                       | False, NotArchiving                                          |
 * | LastBackupSucceeded                       | False, NoGoodBackup                                          |
 * | WALIntegrityCheckPassed, if asked for     | False, NotVerified                                           |
 * | there is no drill, or one has not run yet | False, NoDrill                                               |
 * | a drill failed, could not run, is too old | False, NotProven                                             |
 * | an objective is missed, or nothing        | True, RestoreProven: that a promise is not kept is said too  |
 */
function assessProtected(
  archiving: Finding,
  backup: Finding,
  integrity: Finding | undefined,
  proof: readonly Finding[],
  [missed]: readonly Finding[],
): Finding {
  if (archiving.status !== 'True') return finding('False', 'NotArchiving', archiving.message);
  if (backup.status !== 'True') return finding('False', 'NoGoodBackup', backup.message);
  if (integrity && integrity.status !== 'True') return finding('False', 'NotVerified', integrity.message);
  if (proof.length === 0) {
    const message = 'archived and backed up, but no drill has proven a restore: its policy has none in spec.drills';
    return finding('False', 'NoDrill', message);
  }
  const { status, reason, message } = worst(proof);
  if (status !== 'True') return finding('False', reason === 'NoDrill' ? 'NoDrill' : 'NotProven', message);
  return finding('True', 'RestoreProven', missed ? `${message}; a promise is not kept: ${missed.message}` : message);
}

function toCondition(type: string, found: Finding, previous: readonly Condition[], now: string) {
  const before = previous.find((condition) => condition.type === type);
  const lastTransitionTime = (before?.status === found.status && before.lastTransitionTime) || now;
  return { type, ...found, lastTransitionTime };
}

function newest<K extends string>(key: K, times: readonly (string | undefined)[]): { [key in K]?: string } {
  const last = times
    .filter((time) => time !== undefined)
    .sort((a, b) => Date.parse(a) - Date.parse(b))
    .at(-1);
  return (last === undefined ? {} : { [key]: last }) as { [key in K]?: string };
}
