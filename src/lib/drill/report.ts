// What a drill tells: one sentence, and the report that fits into a pod's status. Room: lib (pure).
import type { EvidenceCheck, EvidenceOutcome } from '../../api/evidence.ts';
import type { DrillReport } from '../../api/reports.ts';

/** Kubernetes reads 4096 bytes; it would cut the JSON in the middle. */
export const MAX_REPORT_BYTES = 4096;
const MAX_MESSAGE_BYTES = 1500;
const MAX_FAILED = 10;

/** Of a drill whose copy took writes. */
export function describeChecks(checks: readonly EvidenceCheck[], rtoSeconds: number, objective?: number): string {
  const bad = checks.filter(({ result }) => result === 'failed' || result === 'unknown');
  const count = checks.filter(({ result }) => result === 'passed').length;
  const skipped = checks.filter(({ result }) => result === 'skipped').length;
  const slow = objective !== undefined && rtoSeconds > objective ? `, later than the objective of ${objective} s` : '';
  const came = `the copy took writes after ${rtoSeconds} s${slow}`;
  if (bad.length === 0) return `${came}; ${count} checks passed${skipped === 0 ? '' : `, ${skipped} did not apply`}`;
  const told = bad.slice(0, 3).map(({ name, result, expected, seen }) => {
    const wanted = expected === undefined ? '' : ` (expected ${expected})`;
    return `${name} ${result === 'failed' ? 'failed' : 'could not be made'}: ${seen}${wanted}`;
  });
  const more = bad.length > 3 ? `; and ${bad.length - 3} more` : '';
  return `${came}; ${told.join('; ')}${more}`;
}

/** As DrillResult has it. */
interface Told {
  readonly name: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly outcome: EvidenceOutcome;
  readonly message: string;
  readonly target?: string;
  readonly baseBackup?: string;
  readonly lastTransactionAt?: string;
  readonly rtoSeconds?: number;
  readonly achievedRpoSeconds?: number;
  readonly checks: readonly EvidenceCheck[];
  readonly evidence?: string;
}

export function buildDrillReport({ outcome, checks, message, ...told }: Told, clusterId: string): DrillReport {
  const failed = checks.filter(({ result }) => result === 'failed').map(({ name }) => name);
  const drill = {
    ...told,
    result: outcome,
    message: cutBytes(message, MAX_MESSAGE_BYTES),
    checks: checks.filter(({ result }) => result !== 'skipped').length,
    ...(failed.length === 0 ? {} : { failedChecks: failed.slice(0, MAX_FAILED) }),
  };
  return { ok: outcome === 'passed', drill, clusterId };
}

/** Of its JSON, which has more bytes than its text: quotes, control characters. */
function cutBytes(text: string, most: number): string {
  const bytes = (each: string) => new TextEncoder().encode(JSON.stringify(each)).length;
  if (bytes(text) <= most) return text;
  let cut = text.slice(0, most);
  while (bytes(cut) > most - 3) cut = cut.slice(0, Math.floor(cut.length * 0.9));
  return `${cut}...`;
}
