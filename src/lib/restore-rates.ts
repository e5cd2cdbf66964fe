// How long a restore will take, by how long drills and restores of the database took before. No I/O. Room: lib (pure).

import type { EvidencePhase, EvidenceRecord } from '../api/evidence.ts';
import type { RestorePlanSummary } from '../api/restore.ts';

/** Bytes per second, as the store has them: compressed. */
export interface Rates {
  readonly fetch: number;
  readonly replay: number;
}

/**
 * All together, so that a large one says more than a small one. Only of base backups that came back: what broke off may have been
 * fast or slow for reasons of its own, and a dump is loaded, not replayed.
 *
 * @returns undefined where nothing of that kind was measured
 */
export function measureRates(records: readonly EvidenceRecord[]): Rates | undefined {
  const phases = records.filter(isOfBaseBackup).flatMap((each) => each.phases);
  const fetch = rateOf(phases, 'fetch');
  const replay = rateOf(phases, 'replay');
  return fetch === undefined || replay === undefined ? undefined : { fetch, replay };
}

export function isOfBaseBackup({ outcome, recovery }: EvidenceRecord): boolean {
  return outcome === 'passed' && recovery?.baseBackup.startsWith('base_') === true;
}

/** Longer than this nobody waits: whatever says so is no measurement. */
const MAX_SECONDS = 366 * 86_400;

/**
 * In whole seconds, at least 1. It does not know what a node, a network or an image will take that are others than before.
 * Undefined where the rates, which come out of files that anybody may have written, lead to no time at all.
 */
export function estimateSeconds(
  { fetchBytes, walBytes = 0 }: Pick<RestorePlanSummary, 'fetchBytes' | 'walBytes'>,
  { fetch, replay }: Rates,
): number | undefined {
  const seconds = Math.max(1, Math.ceil(fetchBytes / fetch + walBytes / replay));
  return seconds <= MAX_SECONDS ? seconds : undefined;
}

function rateOf(phases: readonly EvidencePhase[], name: EvidencePhase['name']): number | undefined {
  const measured = phases.filter((each) => each.name === name && (each.bytes ?? 0) > 0 && each.seconds > 0);
  const sum = (read: (phase: EvidencePhase) => number) => measured.reduce((total, each) => total + read(each), 0);
  return measured.length === 0 ? undefined : sum(({ bytes = 0 }) => bytes) / sum(({ seconds }) => seconds);
}
