// What dump jobs reported. Room: controller (door).
import type { Pod } from '../api/kubernetes.ts';
import type { Instance } from '../api/protected-database.ts';
import type { DumpReport } from '../api/reports.ts';
import { isNewer, listFinished } from './job-reports.ts';

type Dumps = Pick<Instance, 'lastDump' | 'lastFailedDump'>;

/** The newest good and the newest bad run for one database pod; what was known before stands until something newer comes. */
export function readDumps(pods: readonly Pod[], instance: string, clusterId: string | undefined, known: Dumps): Dumps {
  const result: { -readonly [K in keyof Dumps]: Dumps[K] } = {
    ...(known.lastDump ? { lastDump: known.lastDump } : {}),
    ...(known.lastFailedDump ? { lastFailedDump: known.lastFailedDump } : {}),
  };
  for (const { report, finishedAt, job } of listFinished<DumpReport>(pods, 'dump', instance)) {
    if (report.ok && 'dump' in report && report.clusterId === clusterId) {
      if (isNewer(report.dump.finishedAt, result.lastDump)) result.lastDump = { ...report.dump, job };
    }
    if (!report.ok && isNewer(finishedAt, result.lastFailedDump)) {
      result.lastFailedDump = { finishedAt, job, message: report.message };
    }
  }
  return result;
}
