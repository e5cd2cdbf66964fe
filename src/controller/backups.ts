// What base-backup jobs reported, read from their pods' termination messages. Room: controller (door).
import type { Pod } from '../api/kubernetes.ts';
import { LABEL } from '../api/names.ts';
import type { Instance } from '../api/protected-database.ts';
import type { BaseBackupReport } from '../api/reports.ts';
import { earliest } from '../lib/recovery-window.ts';

type Backups = Pick<Instance, 'firstRecoverabilityPoint' | 'lastSuccessfulBackup' | 'lastFailedBackup'>;

/**
 * The newest good and the newest bad run of one database pod, and when the first backup in the store was finished: as the job
 * saw it there, because runs whose pods are gone count too. What was known before stands until something newer, or older, comes.
 * Nothing prunes backups, so the first one stays good.
 */
export function readBackups(
  pods: readonly Pod[],
  instance: string,
  systemIdentifier: string | undefined,
  known: Backups,
): Backups {
  const result: { -readonly [K in keyof Backups]: Backups[K] } = pickKnown(known);
  for (const pod of pods) {
    const { labels } = pod.metadata;
    if (labels?.[LABEL.companion] !== 'base-backup' || labels[LABEL.instance] !== instance) continue;
    const finished = readReport(pod);
    if (!finished) continue;
    const { report, finishedAt } = finished;
    const job = labels['job-name'] ?? pod.metadata.name ?? '';
    if (report.ok && 'backup' in report && report.systemIdentifier === systemIdentifier) {
      const { finishedAt: backedUpAt } = report.backup;
      if (isNewer(backedUpAt, result.lastSuccessfulBackup)) result.lastSuccessfulBackup = { ...report.backup, job };
      const { firstFinishedAt = backedUpAt } = report;
      result.firstRecoverabilityPoint = earliest([result.firstRecoverabilityPoint, firstFinishedAt]) ?? backedUpAt;
    }
    if (!report.ok && isNewer(finishedAt, result.lastFailedBackup)) {
      result.lastFailedBackup = { finishedAt, job, message: report.message };
    }
  }
  return result;
}

function pickKnown({ firstRecoverabilityPoint, lastSuccessfulBackup, lastFailedBackup }: Backups): Backups {
  const first = firstRecoverabilityPoint ?? lastSuccessfulBackup?.finishedAt;
  return {
    ...(first ? { firstRecoverabilityPoint: first } : {}),
    ...(lastSuccessfulBackup ? { lastSuccessfulBackup } : {}),
    ...(lastFailedBackup ? { lastFailedBackup } : {}),
  };
}

function isNewer(time: string, than: { finishedAt: string } | undefined): boolean {
  return !than || Date.parse(time) > Date.parse(than.finishedAt);
}

interface Finished {
  readonly report: BaseBackupReport;
  readonly finishedAt: string;
}

function readReport({ status }: Pod): Finished | undefined {
  const terminated = status?.containerStatuses?.find(({ name }) => name === 'base-backup')?.state?.terminated;
  if (!terminated?.finishedAt) return undefined;
  const { exitCode, message, reason, finishedAt } = terminated;
  const parsed = parseReport<BaseBackupReport>(message);
  if (parsed && parsed.ok === (exitCode === 0)) return { report: parsed, finishedAt };
  return {
    report: { ok: false, message: `ended with code ${exitCode} (${reason ?? 'no reason'}) and no report` },
    finishedAt,
  };
}

export function parseReport<T>(message: string | undefined): T | undefined {
  try {
    return message ? (JSON.parse(message) as T) : undefined;
  } catch {
    return undefined;
  }
}
