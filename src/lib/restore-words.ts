// A restore's plan and progress, as a person reads them. Room: lib (pure).
import type { RestoredDump, RestorePlanSummary } from '../api/restore.ts';
import { formatDurationSeconds } from './duration.ts';
import { formatBytes } from './quantity.ts';
import { describeTarget } from './recovery-target.ts';
import type { RestorePlan } from './restore-plan.ts';
import { estimateSeconds, type Rates } from './restore-rates.ts';

/** @param rates of what was restored before; undefined where none were measured */
export function summarise({ baseBackup, target, fetchBytes, wal }: RestorePlan, rates?: Rates): RestorePlanSummary {
  const plan = {
    baseBackup: baseBackup.name,
    target: describeTarget(target),
    fetchBytes,
    dataBytes: baseBackup.uncompressedBytes,
    ...(wal ? { walFrom: wal.from, walTo: wal.to, walSegments: wal.segments, walBytes: wal.bytes } : {}),
  };
  const estimatedSeconds = rates && estimateSeconds(plan, rates);
  return estimatedSeconds === undefined ? plan : { ...plan, estimatedSeconds };
}

export function describePlan(plan: RestorePlanSummary): string {
  const { estimatedSeconds } = plan;
  const time = estimatedSeconds === undefined ? '' : `, in about ${formatDurationSeconds(estimatedSeconds)}`;
  return `${describeSteps(plan)}${time}`;
}

function describeSteps(plan: RestorePlanSummary): string {
  const { baseBackup, fetchBytes, dataBytes, walFrom, walTo, walSegments = 0, walBytes = 0, target } = plan;
  const base = `base backup ${baseBackup} (${formatBytes(fetchBytes)} to fetch, ${formatBytes(dataBytes)} of data)`;
  if (walFrom === undefined) return `${base}, then WAL up to ${target}`;
  return `${base}, then WAL ${walFrom} to ${walTo} (${walSegments} segments, ${formatBytes(walBytes)}) up to ${target}`;
}

/** `dump 20261121T020000Z-pg_dumpall (4.15 MiB) of 2026-11-21T02:00:00Z: 3 databases, 17 tables, 5000 rows` */
export function describeDump({ name, startedAt, bytes, databases, tables, rows }: RestoredDump): string {
  return `dump ${name} (${formatBytes(bytes)}) of ${startedAt}: ${databases} databases, ${tables} tables, ${rows} rows`;
}

/** @param bytes that are on the volume so far; @param total that there will be, about; @param seconds since the first of them */
export function describeProgress(bytes: number, total: number, seconds: number): string {
  const done = `${formatBytes(bytes)} of about ${formatBytes(total)}`;
  const rate = bytes / seconds;
  if (!(seconds >= 1 && rate > 0)) return done;
  const left = Math.max(0, total - bytes) / rate;
  return `${done}, ${formatBytes(rate)}/s, ${formatDurationSeconds(left)} left`;
}
