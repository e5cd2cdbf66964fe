// What the record of a restore says, by the Restore at its end. Room: lib (pure).
import type { EvidenceCheck, EvidencePhase, EvidenceRecord } from '../../api/evidence.ts';
import { REQUESTED_BY_ANNOTATION } from '../../api/names.ts';
import type { Restore, RestoreTarget, WorkingPhase } from '../../api/restore.ts';
import { isStoragePrefix, parseStoragePrefix } from '../cluster-identity.ts';
import { describeTarget, stopOf } from '../recovery-target.ts';
import { describeDestination } from '../restore-spec.ts';

/** All but what only the one who writes it knows: its place in the chain, and the versions that run there. */
export type RestoreFacts = Omit<EvidenceRecord, 'id' | 'previous' | 'what' | 'versions'> &
  Required<Pick<EvidenceRecord, 'restore'>> & {
    readonly versions: Pick<EvidenceRecord['versions'], 'postgres' | 'image'>;
  };

/** What of the source the Restore itself does not tell. */
export interface RestoredSource {
  readonly instance: string;
  /** Empty, or the folder that was named, where it came to an end before that was known. */
  readonly storagePrefix: string;
  readonly policy: string;
  readonly image: string;
  readonly objectives: EvidenceRecord['objectives'];
}

/** @param now RFC 3339; stands for a time that the status lacks, which those of an older walguard may */
export function describeRestore(restore: Restore, source: RestoredSource, now: string): RestoreFacts {
  const { metadata, spec, status = {} } = restore;
  const { namespace = '', name = '', uid = '' } = metadata;
  const { instance, storagePrefix, policy, image, objectives } = source;
  const finishedAt = status.completedAt ?? now;
  const { systemIdentifier = '', major } = isStoragePrefix(storagePrefix) ? parseStoragePrefix(storagePrefix) : {};
  const { message = '', note } = status;
  const recovery = describeRecovery(restore);
  return {
    apiVersion: 'walguard.dev/v1alpha1',
    kind: 'Evidence',
    name,
    requestedBy: metadata.annotations?.[REQUESTED_BY_ANNOTATION] || 'unknown',
    restore: { uid, destination: describeDestination(spec) },
    database: { namespace, name: spec.source.database, instance, systemIdentifier, storagePrefix },
    policy,
    target: nameTarget(restore),
    outcome: status.phase === 'Completed' ? 'passed' : 'failed',
    message: note === undefined ? message : `${message}; ${note}`,
    startedAt: status.startedAt ?? finishedAt,
    finishedAt,
    phases: listPhases(restore, finishedAt),
    ...(recovery === undefined ? {} : { recovery }),
    // What was not to be the latest is not lost.
    objectives: isLatest(restore) ? objectives : pickTime(objectives),
    checks: listChecks(restore),
    versions: { ...(major === undefined ? {} : { postgres: String(major) }), ...(image === '' ? {} : { image }) },
  };
}

/** The plan may have settled on another end than was asked for: of all that is archived, or of the base backup. */
function nameTarget({ spec, status }: Restore): EvidenceRecord['target'] {
  const { undo } = spec.destination.inPlace ?? {};
  if (undo !== undefined) return { asked: `what was there before Restore "${undo}"`, resolved: {} };
  if (spec.source.dump !== undefined) return { asked: `dump ${spec.source.dump}`, resolved: {} };
  const asked: RestoreTarget = spec.target ?? { latest: true };
  const candidates: readonly RestoreTarget[] = [asked, stopOf(asked), { latest: true }, { immediate: true }];
  const resolved = candidates.find((each) => describeTarget(each) === status?.plan?.target) ?? asked;
  return { asked: describeTarget(asked), resolved };
}

/**
 * | what came to its end                     | base backup | took writes, and when is known |
 * | a claim, or one that is not started      | yes         | no                             |
 * | a StatefulSet, or in place               | yes         | where it was completed         |
 * | a dump                                   | the dump    | where it was completed         |
 * | an undo, or nothing was found to restore | none        |                                |
 */
function describeRecovery(restore: Restore): EvidenceRecord['recovery'] {
  const { spec, status = {} } = restore;
  const { dump, plan, startedAt, completedAt } = status;
  const baseBackup = dump?.name ?? status.baseBackup ?? plan?.baseBackup;
  if (baseBackup === undefined) return undefined;
  const isStarted = spec.destination.claim === undefined && spec.autoStart !== false;
  if (status.phase !== 'Completed' || !isStarted || startedAt === undefined || completedAt === undefined)
    return { baseBackup };
  const lastTransactionAt = dump?.startedAt ?? status.lastReplayedTime;
  return {
    baseBackup,
    ...(lastTransactionAt === undefined ? {} : { lastTransactionAt }),
    rtoSeconds: secondsBetween(startedAt, completedAt),
    ...(lastTransactionAt !== undefined && isLatest(restore)
      ? { achievedRpoSeconds: secondsBetween(lastTransactionAt, startedAt) }
      : {}),
  };
}

function isLatest({ spec }: Restore): boolean {
  return spec.source.dump !== undefined || (spec.target?.latest === true && !spec.destination.inPlace?.undo);
}

function pickTime({ rtoSeconds }: EvidenceRecord['objectives']): EvidenceRecord['objectives'] {
  return rtoSeconds === undefined ? {} : { rtoSeconds };
}

/** Each lasts until the next one begins. What is only left for somebody to start is neither replayed nor started. */
function listPhases({ spec, status = {} }: Restore, finishedAt: string): EvidencePhase[] {
  const { phases = [] } = status;
  return phases.flatMap(({ phase, startedAt }, index): EvidencePhase[] => {
    const isLeft = spec.autoStart === false && (phase === 'Replaying' || phase === 'Starting');
    if (isLeft) return [];
    const next = phases[index + 1]?.startedAt;
    const name = namePhase(spec, phase, index);
    const follower = phases[index + 1]?.phase ?? status.phase;
    const isDone = follower !== 'PuttingBack' && follower !== 'Failed';
    const bytes = sizeOf(name, status);
    const seconds = secondsBetween(startedAt, next ?? finishedAt);
    return [{ name, startedAt, seconds, ...(bytes === undefined || !isDone ? {} : { bytes }) }];
  });
}

/** As the store has it. */
function sizeOf(name: EvidencePhase['name'], { plan, dump }: NonNullable<Restore['status']>): number | undefined {
  if (name === 'load') return dump?.bytes;
  if (name === 'replay') return plan?.walBytes;
  return name === 'fetch' ? plan?.fetchBytes : undefined;
}

const NAMES = { Stopping: 'stop', Replaying: 'replay', PuttingBack: 'put-back', Starting: 'start' } as const;

function namePhase(
  { source, destination }: Restore['spec'],
  phase: WorkingPhase,
  index: number,
): EvidencePhase['name'] {
  if (phase !== 'Fetching') return NAMES[phase];
  if (source.dump !== undefined) return 'load';
  return destination.inPlace !== undefined && index === 0 ? 'look' : 'fetch';
}

/** The job of a dump compares every table with the manifest, and fails where one differs. */
function listChecks({ status = {} }: Restore): EvidenceCheck[] {
  const { dump, fetchedAt } = status;
  if (dump === undefined || fetchedAt === undefined) return [];
  const expected = `${dump.rows} rows in ${dump.tables} tables`;
  return [{ name: 'manifest', result: 'passed', expected, seen: 'every table has as many', seconds: 0 }];
}

function secondsBetween(from: string, to: string): number {
  return Math.max(0, Date.parse(to) - Date.parse(from)) / 1000;
}
