// The words of the contract as lists, which types alone are not. Room: lib (pure).
import type { EvidenceCheck, EvidenceOutcome, EvidencePhase, EvidenceRecord } from '../../api/evidence.ts';

export const EVIDENCE_OUTCOMES = ['passed', 'failed', 'unknown'] as const satisfies readonly EvidenceOutcome[];

export const EVIDENCE_PHASES = [
  'look',
  'stop',
  'fetch',
  'load',
  'start',
  'replay',
  'put-back',
  'checks',
] as const satisfies readonly EvidencePhase['name'][];

export const EVIDENCE_CHECK_RESULTS = [
  'passed',
  'failed',
  'skipped',
  'unknown',
] as const satisfies readonly EvidenceCheck['result'][];

/** `2026-11-21 20:15:33 UTC`. @param time RFC 3339 */
export function formatTime(time: string): string {
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** A restore shows no more than that it came to its end. */
export function wordOf({ what, outcome }: Pick<EvidenceRecord, 'what' | 'outcome'>): string {
  return what === 'restore' && outcome === 'passed' ? 'completed' : outcome;
}
