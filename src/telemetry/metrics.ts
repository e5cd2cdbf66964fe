// Prometheus metrics, by prom-client. One registry a process. Room: telemetry.
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Archiver } from '../api/protected-database.ts';

export interface Metrics {
  readonly contentType: string;
  readonly render: () => Promise<string>;
  readonly observeArchiver: (archiver: Archiver | undefined) => void;
  readonly observeReview: (webhook: string, code: string, allowed: boolean, seconds: number) => void;
  readonly setCertificateExpiry: (time: Date) => void;
}

/** Admission takes about a millisecond: the field's default buckets would put everything into the first. */
const REVIEW_BUCKETS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
  const postgresUp = gauge('walguard_postgres_up', 'Does Postgres answer the sidecar? 1 yes, 0 no.');
  const lastArchived = gauge('walguard_last_archived_wal_timestamp', 'Unix seconds of the last archived WAL segment.');
  const waiting = gauge('walguard_wal_waiting_segments', 'Closed WAL segments that wait to be archived.');
  const failed = gauge('walguard_archive_failed_count', 'Failed runs of archive_command, as Postgres counts them.');
  const expiry = gauge('walguard_cert_expiry_timestamp_seconds', 'Unix seconds at which the serving certificate ends.');
  const reviews = new Counter({
    name: 'walguard_admission_reviews_total',
    help: 'Admission reviews answered.',
    labelNames: ['webhook', 'code', 'allowed'],
    registers,
  });
  const duration = new Histogram({
    name: 'walguard_admission_review_duration_seconds',
    help: 'Time to answer an admission review.',
    labelNames: ['webhook'],
    buckets: REVIEW_BUCKETS,
    registers,
  });
  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),
    observeArchiver: (archiver) => {
      postgresUp.set(archiver ? 1 : 0);
      if (!archiver) return;
      if (archiver.lastArchivedTime) lastArchived.set(Date.parse(archiver.lastArchivedTime) / 1000);
      waiting.set(archiver.waiting ?? 0);
      failed.set(archiver.failedCount ?? 0);
    },
    observeReview: (webhook, code, allowed, seconds) => {
      reviews.inc({ webhook, code, allowed: String(allowed) });
      duration.observe({ webhook }, seconds);
    },
    setCertificateExpiry: (time) => expiry.set(time.getTime() / 1000),
  };
}
