// What the sidecar says of the Postgres beside it. Room: telemetry.
import { Gauge, type Registry } from 'prom-client';
import type { Archiver, StorageProbe } from '../api/protected-database.ts';
import type { WalBacklog } from '../lib/wal-backlog.ts';
import { createMetrics, type Metrics } from './metrics.ts';

/** Reasons of a probe: another one writes there, or nobody may. */
const NOT_OURS: readonly string[] = ['OwnedByAnother', 'KeyChanged', 'LeftByRestore'];

export interface SidecarMetrics extends Metrics {
  /** Undefined while Postgres does not answer. */
  readonly observeArchiver: (archiver: Archiver | undefined) => void;
  readonly observeStorage: (probe: StorageProbe) => void;
  /** @param secondsToFull undefined: it does not grow; @param now milliseconds since 1970 */
  readonly observeWal: (backlog: WalBacklog, secondsToFull: number | undefined, now: number) => void;
}

export function createSidecarMetrics(): SidecarMetrics {
  return createMetrics((registry) => ({
    observeArchiver: defineArchiver(registry),
    observeStorage: defineStorage(registry),
    observeWal: defineWal(registry),
  }));
}

function defineArchiver(registry: Registry): SidecarMetrics['observeArchiver'] {
  const registers = [registry];
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
  const postgresUp = gauge('walguard_postgres_up', 'Does Postgres answer the sidecar? 1 yes, 0 no.');
  const lastArchived = gauge('walguard_last_archived_wal_timestamp', 'Unix seconds of the last archived WAL segment.');
  const failed = gauge('walguard_archive_failed_count', 'Failed runs of archive_command, as Postgres counts them.');
  return (archiver) => {
    postgresUp.set(archiver ? 1 : 0);
    if (!archiver) return;
    if (archiver.lastArchivedTime) lastArchived.set(Date.parse(archiver.lastArchivedTime) / 1000);
    failed.set(archiver.failedCount ?? 0);
  };
}

/** Made by the first probe only: until then they would say 0, as if it were known. */
function defineStorage(registry: Registry): SidecarMetrics['observeStorage'] {
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers: [registry] });
  let gauges: { readonly readable: Gauge; readonly writable: Gauge; readonly owned: Gauge; readonly at: Gauge };
  return ({ readable, writable, reason, checkedAt }) => {
    gauges ??= {
      readable: gauge('walguard_storage_readable', 'Could the store be read when it was asked last? 1 yes, 0 no.'),
      writable: gauge('walguard_storage_writable', 'Could it be written? 1 yes, 0 no.'),
      owned: gauge(
        'walguard_storage_owned',
        'May this pod write below its prefix? 0 where another one does, or began the archive with another key.',
      ),
      at: gauge('walguard_storage_probe_timestamp', 'Unix seconds of when the store was asked last.'),
    };
    gauges.readable.set(readable ? 1 : 0);
    gauges.writable.set(writable ? 1 : 0);
    gauges.owned.set(NOT_OURS.includes(reason ?? '') ? 0 : 1);
    gauges.at.set(Date.parse(checkedAt) / 1000);
  };
}

/** Made by the first look only. */
function defineWal(registry: Registry): SidecarMetrics['observeWal'] {
  const gauge = (name: string, help: string) => new Gauge({ name: `walguard_${name}`, help, registers: [registry] });
  const define = () => ({
    waiting: gauge('wal_waiting_segments', 'Closed WAL segments that wait to be archived.'),
    oldest: gauge('wal_oldest_waiting_seconds', 'For how long the oldest of them has waited; 0 while none does.'),
    wal: gauge('pg_wal_bytes', 'Size of pg_wal.'),
    volume: gauge('wal_volume_bytes', 'Size of the volume that holds pg_wal.'),
    free: gauge('wal_volume_free_bytes', 'Free space of that volume.'),
    full: gauge(
      'wal_seconds_to_full',
      'When that volume will be full if WAL keeps waiting as it does; +Inf while pg_wal does not grow by it.',
    ),
  });
  let gauges: ReturnType<typeof define>;
  return ({ waiting, oldest, walBytes, volumeBytes, volumeFreeBytes }, secondsToFull, now) => {
    gauges ??= define();
    gauges.waiting.set(waiting);
    gauges.oldest.set(oldest ? Math.max(0, (now - Date.parse(oldest.since)) / 1000) : 0);
    gauges.wal.set(walBytes);
    gauges.volume.set(volumeBytes);
    gauges.free.set(volumeFreeBytes);
    gauges.full.set(secondsToFull ?? Number.POSITIVE_INFINITY);
  };
}
