// What has happened between two statuses that is worth an Event: every change of a condition says itself. No I/O.
// Room: controller (door).
import { CONDITION_REASONS, type EventReason, OTHER_CONDITION } from '../api/event-reasons.ts';
import type { Condition } from '../api/kubernetes.ts';
import { type Instance, NOT_RESOLVED, type ProtectedDatabaseStatus } from '../api/protected-database.ts';
import type { RestoreStatus } from '../api/restore.ts';

export interface News {
  readonly reason: EventReason;
  /** For a person; never a secret, because a status never holds one. */
  readonly note: string;
  /** RFC 3339: with reason and note it tells this occurrence from any other. */
  readonly at: string;
}

export function listDatabaseNews(before: ProtectedDatabaseStatus | undefined, after: ProtectedDatabaseStatus): News[] {
  return [
    ...(after.conditions ?? []).flatMap((each) => conditionNews(before?.conditions ?? [], each)),
    ...(after.instances ?? []).flatMap((each) => instanceNews(before?.instances ?? [], each)),
  ];
}

/**
 * | before           | after                    | news    |
 * | the same         | (another NotResolved)    | none (one) |
 * | none             | True, or NotResolved     | one     |
 * | none             | False or Unknown         | none: it has only just begun |
 * | another          | any                      | one     |
 */
function conditionNews(before: readonly Condition[], after: Condition): News[] {
  const known = before.find(({ type }) => type === after.type);
  const at = after.lastTransitionTime ?? '';
  if (after.reason === NOT_RESOLVED) {
    const isKnown = known?.reason === NOT_RESOLVED && known.message === after.message;
    return isKnown ? [] : [{ reason: 'PolicyNotResolved', note: after.message, at }];
  }
  if (known?.status === after.status || (!known && after.status !== 'True')) return [];
  const reasons = CONDITION_REASONS[after.type];
  const name = reasons ? '' : `${after.type}: `;
  return [{ reason: (reasons ?? OTHER_CONDITION)[after.status], note: `${name}${after.message}`, at }];
}

/** A pod that was not known before brings no news: what is known of it now happened before. */
function instanceNews(before: readonly Instance[], after: Instance): News[] {
  const known = before.find(({ pod }) => pod === after.pod);
  if (!known) return [];
  return [...listRuns(after), ...listGaps(known, after)].filter(
    (each) => !listRuns(known).some((other) => other.reason === each.reason && other.at === each.at),
  );
}

/** What each kind of run came to last, and the last time at which WAL was let go. */
function listRuns(instance: Instance): News[] {
  const { pod, lastSuccessfulBackup: backup, lastVerification: check, lastPrune: prune, lastDump: dump } = instance;
  const { droppedAt } = instance.archiver ?? {};
  const news = (reason: EventReason, at: string, what: string): News => ({ reason, at, note: `${pod}: ${what}` });
  return [
    ...(backup ? [news('BackupSucceeded', backup.finishedAt, `base backup ${backup.name}`)] : []),
    ...(check?.result === 'passed' ? [news('VerificationPassed', check.finishedAt, 'the store has what it must')] : []),
    ...(check?.result === 'failed'
      ? [news('VerificationFailed', check.finishedAt, check.findings.map(({ message }) => message).join(' '))]
      : []),
    ...(prune && prune.removed > 0
      ? [news('BackupsPruned', prune.finishedAt, `${prune.removed} base backups removed, ${prune.kept} kept`)]
      : []),
    ...(dump ? [news('DumpSucceeded', dump.finishedAt, `dump ${dump.name}`)] : []),
    ...(instance.lastDrills ?? []).map(({ name, result, finishedAt, message }) =>
      news(DRILLS[result], finishedAt, `drill ${name}: ${message}`),
    ),
    ...(droppedAt ? [news('WalDropped', droppedAt, 'WAL was let go; a base backup is needed')] : []),
    ...(dump?.shrank ? [news('DumpShrank', dump.finishedAt, dump.shrank)] : []),
    ...FAILURES.flatMap(([field, reason]) => {
      const failed = instance[field];
      return failed ? [news(reason, failed.finishedAt, failed.message)] : [];
    }),
  ];
}

const DRILLS = { passed: 'DrillSucceeded', failed: 'DrillFailed', unknown: 'DrillCouldNotRun' } as const;

const FAILURES = [
  ['lastFailedBackup', 'BackupFailed'],
  ['lastFailedVerification', 'VerificationFailed'],
  ['lastFailedPrune', 'PruneFailed'],
  ['lastFailedDump', 'DumpFailed'],
] as const;

/** A window that was not there begins after a gap; that old ones go is retention's doing. */
function listGaps({ inventory: before }: Instance, { pod, inventory: after }: Instance): News[] {
  if (!before || !after || before.recoveryWindows.length === 0) return [];
  const known = new Set(before.recoveryWindows.map(({ from }) => from));
  return after.recoveryWindows.slice(1).flatMap(({ from }, index) => {
    if (known.has(from)) return [];
    const to = after.recoveryWindows[index]?.to ?? 'then';
    return [{ reason: 'WalGap' as const, note: `${pod}: WAL is missing between ${to} and ${from}`, at: from }];
  });
}

export function listRestoreNews(before: RestoreStatus | undefined, after: RestoreStatus): News[] {
  const { phase, message = '', startedAt, fetchedAt, completedAt, evidence, evidenceProblem } = after;
  const at = completedAt ?? fetchedAt ?? startedAt ?? '';
  const isNews = (field: keyof RestoreStatus) => after[field] !== undefined && after[field] !== before?.[field];
  return [
    ...(phase !== undefined && isNews('phase') ? [{ reason: `Restore${phase}` as const, note: message, at }] : []),
    ...(isNews('evidence')
      ? [{ reason: 'RestoreRecorded' as const, note: `evidence ${evidence}; see: walguard drill report`, at }]
      : []),
    ...(isNews('evidenceProblem')
      ? [{ reason: 'RestoreEvidenceProblem' as const, note: `its evidence: ${evidenceProblem}`, at }]
      : []),
  ];
}
