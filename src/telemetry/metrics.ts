// Prometheus metrics, by prom-client. One registry a process. Room: telemetry.
import { Gauge, Registry } from 'prom-client';
import type { Archiver } from '../api/protected-database.ts';
import { type AdmissionMetrics, createAdmissionMetrics } from './admission-metrics.ts';

export interface Metrics extends AdmissionMetrics {
  readonly contentType: string;
  readonly render: () => Promise<string>;
  readonly observeArchiver: (archiver: Archiver | undefined) => void;
  readonly setLeading: (isLeading: boolean) => void;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
  const postgresUp = gauge('walguard_postgres_up', 'Does Postgres answer the sidecar? 1 yes, 0 no.');
  const lastArchived = gauge('walguard_last_archived_wal_timestamp', 'Unix seconds of the last archived WAL segment.');
  const waiting = gauge('walguard_wal_waiting_segments', 'Closed WAL segments that wait to be archived.');
  const failed = gauge('walguard_archive_failed_count', 'Failed runs of archive_command, as Postgres counts them.');
  const leading = gauge('walguard_controller_leading', 'Does this controller lead? 1 yes, 0 it stands by.');
  return {
    ...createAdmissionMetrics(registry),
    contentType: registry.contentType,
    render: () => registry.metrics(),
    setLeading: (isLeading) => leading.set(isLeading ? 1 : 0),
    observeArchiver: (archiver) => {
      postgresUp.set(archiver ? 1 : 0);
      if (!archiver) return;
      if (archiver.lastArchivedTime) lastArchived.set(Date.parse(archiver.lastArchivedTime) / 1000);
      waiting.set(archiver.waiting ?? 0);
      failed.set(archiver.failedCount ?? 0);
    },
  };
}
