// What one look at a database found of one of its conditions. Room: health (pure).
import type { Condition } from '../api/kubernetes.ts';

export type Finding = Pick<Condition, 'status' | 'reason' | 'message'>;

export function finding(status: Condition['status'], reason: string, message: string): Finding {
  return { status, reason, message };
}

const RANK = { False: 0, Unknown: 1, True: 2 } as const;

/** Of several database pods the one that is worst off; unknown is worse than healthy. */
export function worst(findings: readonly Finding[]): Finding {
  const none: Finding = {
    status: 'Unknown',
    reason: 'NoInstance',
    message: 'scaled to zero: there is no database pod',
  };
  return [...findings].sort((a, b) => RANK[a.status] - RANK[b.status])[0] ?? none;
}
