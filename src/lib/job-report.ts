// How a Job ended: what its pod reported, and what Kubernetes says. Room: lib (pure).
import type { Job } from '../api/kubernetes.ts';

/** Of the termination message; undefined where there is none, or no JSON. */
export function parseReport<T>(message: string | undefined): T | undefined {
  try {
    return message ? (JSON.parse(message) as T) : undefined;
  } catch {
    return undefined;
  }
}

/** The condition with which Kubernetes has given it up. */
export function findFailure(job: Job | undefined) {
  return job?.status?.conditions?.find(({ type, status }) => type === 'Failed' && status === 'True');
}
