// The engines' backup lists: neither keys nor order are the same. Room: lib (pure).
import type { Backup } from '../api/protected-database.ts';
import { isObject } from './json.ts';

/**
 * Parses `backup-list --json` of WAL-G (`backup_name` ...) and of walrus (`name` ...), oldest finish first.
 * system_identifier and LSNs exceed 2^53 and are not read, so plain JSON.parse does no harm here.
 */
export function parseBackupList(json: string): Backup[] {
  const list: unknown = json.trim() === '' ? [] : JSON.parse(json);
  if (!Array.isArray(list)) throw new Error('backup-list gave no JSON list');
  return list
    .filter(isObject)
    .flatMap(parseBackup)
    .sort((a, b) => Date.parse(a.finishedAt) - Date.parse(b.finishedAt));
}

function parseBackup(item: Record<string, unknown>): Backup[] {
  const name = item.backup_name ?? item.name;
  const finishedAt = toTime(item.finish_time);
  if (typeof name !== 'string' || finishedAt === undefined) return [];
  return [
    {
      name,
      finishedAt,
      ...optional('startedAt', toTime(item.start_time)),
      ...optional('compressedSize', toNumber(item.compressed_size)),
      ...optional('uncompressedSize', toNumber(item.uncompressed_size)),
    },
  ];
}

function optional<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [key in K]?: V };
}

function toTime(value: unknown): string | undefined {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}

function toNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}

/** Of a base backup's name, base_<timeline><segment>...; undefined of any other text. */
export function parseTimeline(backup: string): number | undefined {
  const digits = /^base_([0-9A-F]{8})/.exec(backup)?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
}
