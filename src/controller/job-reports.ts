// What jobs reported, read from their pods' termination messages. Room: controller (door).
import type { Pod } from '../api/kubernetes.ts';
import { LABEL } from '../api/names.ts';
import { parseReport } from '../lib/job-report.ts';

/** Every agent job's report says whether it did what it was made for. */
interface Report {
  readonly ok: boolean;
}

export interface Finished<T> {
  readonly report: T | { readonly ok: false; readonly message: string };
  /** RFC 3339. */
  readonly finishedAt: string;
  /** Name of the Job. */
  readonly job: string;
}

/** The runs of one kind of companion for one database pod that came to an end, and whose pods are still there. */
export function listFinished<T extends Report>(
  pods: readonly Pod[],
  companion: string,
  instance: string,
): Finished<T>[] {
  return pods.flatMap((pod) => {
    const { labels } = pod.metadata;
    if (labels?.[LABEL.companion] !== companion || labels[LABEL.instance] !== instance) return [];
    const finished = readReport<T>(pod, companion);
    return finished ? [{ ...finished, job: labels['job-name'] ?? pod.metadata.name ?? '' }] : [];
  });
}

/** Than a run that is known, if one is. @param time RFC 3339 */
export function isNewer(time: string, than: { readonly finishedAt: string } | undefined): boolean {
  return !than || Date.parse(time) > Date.parse(than.finishedAt);
}

/** A report that its exit code contradicts is none: the process was ended after it wrote it. */
function readReport<T extends Report>({ status }: Pod, container: string): Omit<Finished<T>, 'job'> | undefined {
  const terminated = status?.containerStatuses?.find(({ name }) => name === container)?.state?.terminated;
  if (!terminated?.finishedAt) return undefined;
  const { exitCode, message, reason, finishedAt } = terminated;
  const parsed = parseReport<T>(message);
  if (parsed && parsed.ok === (exitCode === 0)) return { report: parsed, finishedAt };
  return {
    report: {
      ok: false,
      message: `ended with code ${exitCode} (${reason ?? 'no reason'}) and no report${because(status)}`,
    },
    finishedAt,
  };
}

/** Why Kubernetes ended the whole pod, where it did; empty where it says nothing. */
export function because(status: Pod['status']): string {
  const words = [status?.reason, status?.message].filter((each) => each !== undefined);
  return words.length === 0 ? '' : `: ${words.join(': ')}`;
}
