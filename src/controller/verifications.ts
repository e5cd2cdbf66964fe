// What verify jobs reported. Room: controller (door).
import type { Pod } from '../api/kubernetes.ts';
import type { Instance } from '../api/protected-database.ts';
import type { VerifyReport } from '../api/reports.ts';
import { type Finished, isNewer, listFinished } from './job-reports.ts';

type Verifications = Pick<Instance, 'lastVerification' | 'lastFailedVerification'>;

type Verified = Extract<VerifyReport, { findings: unknown }>;

/**
 * The newest run that found out, well or not, and the newest one that could not. What was known stands until something newer
 * comes.
 */
export function readVerifications(
  pods: readonly Pod[],
  instance: string,
  clusterId: string | undefined,
  { lastVerification, lastFailedVerification }: Verifications,
): Verifications {
  const result: { -readonly [K in keyof Verifications]: Verifications[K] } = {
    ...(lastVerification ? { lastVerification } : {}),
    ...(lastFailedVerification ? { lastFailedVerification } : {}),
  };
  for (const run of listFinished<VerifyReport>(pods, 'verify', instance)) {
    const { report, finishedAt, job } = run;
    if (isVerified(run) && run.report.clusterId === clusterId) {
      const { findings } = run.report;
      if (isNewer(finishedAt, result.lastVerification))
        result.lastVerification = { finishedAt, job, result: findings.length === 0 ? 'passed' : 'failed', findings };
    } else if (!report.ok && 'message' in report && isNewer(finishedAt, result.lastFailedVerification)) {
      result.lastFailedVerification = { finishedAt, job, message: report.message };
    }
  }
  return result;
}

/** The newest listing of the store by a verification of the cluster, on whichever of these pods it ran. */
export function newestVerified(
  pods: readonly Pod[],
  instances: readonly string[],
  clusterId: string,
): Verified | undefined {
  return instances
    .flatMap((instance) => listFinished<VerifyReport>(pods, 'verify', instance))
    .filter(isVerified)
    .map(({ report }) => report)
    .filter((report) => report.clusterId === clusterId)
    .sort((a, b) => Date.parse(a.inventory.listedAt) - Date.parse(b.inventory.listedAt))
    .at(-1);
}

function isVerified(run: Finished<VerifyReport>): run is Finished<VerifyReport> & { readonly report: Verified } {
  return 'findings' in run.report;
}
