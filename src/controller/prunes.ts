// What clean-ups reported: prune jobs, and base-backup jobs whose last step it was. Room: controller (door).
import type { Pod } from '../api/kubernetes.ts';
import type { FailedRun, Instance, Prune } from '../api/protected-database.ts';
import type { BaseBackupReport, PruneOutcome, PruneReport } from '../api/reports.ts';
import { newest } from '../lib/cluster-members.ts';
import { type Finished, listFinished } from './job-reports.ts';

type Prunes = Pick<Instance, 'lastPrune' | 'lastFailedPrune'>;

interface Run {
  readonly outcome: PruneOutcome;
  readonly finishedAt: string;
  readonly job: string;
  /** Undefined where the run did not get so far. */
  readonly clusterId?: string;
}

/** The newest good and the newest bad one of a database pod's cluster. Those that were skipped are neither. */
export function readPrunes(
  pods: readonly Pod[],
  instance: string,
  clusterId: string | undefined,
  known: Prunes,
): Prunes {
  const runs = [
    ...listFinished<PruneReport>(pods, 'prune', instance).flatMap(fromPruneJob),
    ...listFinished<BaseBackupReport>(pods, 'base-backup', instance).flatMap(fromBaseBackupJob),
  ].filter((run) => run.clusterId === undefined || run.clusterId === clusterId);
  const good = newest([known.lastPrune, ...runs.map(toPrune)]);
  const bad = newest([known.lastFailedPrune, ...runs.map(toFailedRun)]);
  return { ...(good ? { lastPrune: good } : {}), ...(bad ? { lastFailedPrune: bad } : {}) };
}

function fromPruneJob({ report, finishedAt, job }: Finished<PruneReport>): Run[] {
  if (!report.ok) return [{ outcome: report, finishedAt, job }];
  if (!('prune' in report)) return [];
  return [{ outcome: report.prune, finishedAt, job, clusterId: report.clusterId }];
}

function fromBaseBackupJob({ report, finishedAt, job }: Finished<BaseBackupReport>): Run[] {
  if (!report.ok || !('prune' in report) || !report.prune) return [];
  return [{ outcome: report.prune, finishedAt, job, clusterId: report.clusterId }];
}

function toPrune({ outcome, finishedAt, job }: Run): Prune | undefined {
  if (!outcome.ok) return undefined;
  const { ok: _, ...counts } = outcome;
  return { ...counts, finishedAt, job };
}

function toFailedRun({ outcome, finishedAt, job }: Run): FailedRun | undefined {
  return outcome.ok ? undefined : { finishedAt, job, message: outcome.message };
}
