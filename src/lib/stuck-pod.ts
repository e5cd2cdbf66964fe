// A job's pod that does not get to run, and why: it will never report. Room: lib (pure).
import type { Pod } from '../api/kubernetes.ts';

/** Longer than it takes to make room on a node, or to get over a registry's bad minute. */
const PATIENCE_MS = 10 * 60_000;

/** With which the kubelet tries again for ever. */
const REASONS: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
]);

export interface Stuck {
  readonly message: string;
  /** RFC 3339: when it was given up; always the same for one pod. */
  readonly at: string;
}

/**
 * | since it was made | on a node | a container waits for what does not come | stuck                 |
 * | < 10 min          |           |                                          | no                    |
 * | longer            | no        |                                          | as the scheduler says |
 * | longer            | yes       | yes                                      | as the kubelet says   |
 * | longer            | yes       | no                                       | no: it runs, or ended |
 *
 * @param now RFC 3339
 */
export function explainStuck({ metadata, status }: Pod, now: string): Stuck | undefined {
  const at = Date.parse(metadata.creationTimestamp ?? now) + PATIENCE_MS;
  const message = explainWait(status);
  return message === undefined || Date.parse(now) < at ? undefined : { message, at: new Date(at).toISOString() };
}

/** What its pod waits for that may never come; undefined where it runs, or is just being started. */
export function explainWait(status: Pod['status']): string | undefined {
  const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') return `no node takes its pod: ${scheduled.message ?? scheduled.reason ?? ''}`;
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  for (const { name, state } of containers) {
    const { reason = '', message } = state?.waiting ?? {};
    if (REASONS.has(reason)) return `container ${name} does not start: ${reason}${message ? `: ${message}` : ''}`;
  }
  return undefined;
}
