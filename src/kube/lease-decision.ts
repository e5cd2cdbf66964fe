// What a contender does about a Lease: a decision over what it has seen, on its own clock. Room: kube.
import type { KubeObject } from '../api/kubernetes.ts';

/** coordination.k8s.io/v1, as far as it is needed; times are RFC 3339 with microseconds, for the reader's eyes alone. */
export interface Lease extends KubeObject {
  spec?: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
    [field: string]: unknown;
  };
}

/** What was read last, and since when it has not changed. */
export interface Observed {
  readonly lease: Lease | undefined;
  /** Milliseconds of our own monotonic clock; the times in the Lease are another machine's and count for nothing. */
  readonly since: number;
}

export type LeaseStep = 'create' | 'take' | 'renew' | 'wait';

/**
 * | Lease  | holder       | unchanged for its duration | step   |
 * | absent |              |                            | create |
 * | there  | none         |                            | take   |
 * | there  | we           |                            | renew  |
 * | there  | another      | no                         | wait   |
 * | there  | another      | yes                        | take   |
 *
 * The duration is the one that the holder promised. Whatever the step, its write is guarded by the resourceVersion.
 * @param now milliseconds of the same clock as `since`
 * @param durationMs where the Lease says none
 */
export function decideLease({ lease, since }: Observed, identity: string, now: number, durationMs: number): LeaseStep {
  if (!lease) return 'create';
  const { holderIdentity, leaseDurationSeconds } = lease.spec ?? {};
  if (!holderIdentity) return 'take';
  if (holderIdentity === identity) return 'renew';
  const promised = leaseDurationSeconds ? leaseDurationSeconds * 1000 : durationMs;
  return now - since < promised ? 'wait' : 'take';
}

/** Kept as long as nothing was written, whatever the time between two looks. */
export function observe(before: Observed | undefined, lease: Lease | undefined, now: number): Observed {
  const isSame = before && before.lease?.metadata.resourceVersion === lease?.metadata.resourceVersion;
  return isSame ? before : { lease, since: now };
}

/** @param wallClock now, RFC 3339 with milliseconds */
export function buildLease(
  live: Lease | undefined,
  ref: { readonly name: string; readonly namespace: string },
  identity: string,
  wallClock: string,
  durationMs: number,
): Lease {
  const renewTime = wallClock.replace('Z', '000Z');
  const isOurs = live?.spec?.holderIdentity === identity;
  const transitions = live?.spec?.leaseTransitions ?? 0;
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: live?.metadata ?? ref,
    spec: {
      ...live?.spec,
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(durationMs / 1000),
      acquireTime: (isOurs && live?.spec?.acquireTime) || renewTime,
      renewTime,
      leaseTransitions: isOurs || !live ? transitions : transitions + 1,
    },
  };
}
