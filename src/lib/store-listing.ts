// The engines' listing of the store, sorted into what it is. Room: lib (pure).
import type { StoredSegment, TimelineSwitch } from './store-contents.ts';
import { parseLsn } from './wal-segment.ts';

export interface StoredObject {
  /** Below the cluster's prefix. */
  readonly path: string;
  readonly bytes: number;
  /** RFC 3339. */
  readonly modifiedAt: string;
}

/** walrus separates by tabs and writes RFC 3339; WAL-G aligns by blanks and writes Go's form, `2026-11-21 02:42:43.29 +0000 UTC`. */
const LINE =
  /^obj\s+(\d+)\s+(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?)(?:(Z|[+-]\d\d:\d\d)| ([+-]\d\d)(\d\d) \S+)\s+(\S.*)$/;

/**
 * Of `st ls -r`.
 * @throws Error for a line that is not understood: what was left out would look like lost data
 */
export function parseListing(text: string): StoredObject[] {
  const [head, ...lines] = text.split('\n').filter((line) => line.trim() !== '');
  if (head !== undefined && !/^type\s+size\s+last modified\s+name/.test(head))
    throw new Error(`st ls does not begin with its table's head but with "${head.slice(0, 80)}"`);
  return lines.filter((line) => !line.startsWith('dir')).map(parseLine);
}

function parseLine(line: string): StoredObject {
  const [, bytes, date, time, zone, hours, minutes, path = ''] = LINE.exec(line) ?? [];
  const modified = Date.parse(`${date}T${time}${zone ?? `${hours}:${minutes}`}`);
  if (Number.isNaN(modified)) throw new Error(`st ls has a line that is not understood: "${line.slice(0, 160)}"`);
  return { path: path.replace(/^\//, ''), bytes: Number(bytes), modifiedAt: new Date(modified).toISOString() };
}

/** What is there of one base backup. */
export interface BackupObjects {
  readonly name: string;
  /** Path; absent where there is none. */
  readonly sentinel?: string;
  /** The engines write metadata.json right before the sentinel, and never of a backup that was broken off. */
  readonly hasMetadata: boolean;
  readonly storedBytes: number;
  readonly parts: number;
}

export interface Sorted {
  readonly backups: readonly BackupObjects[];
  readonly segments: readonly StoredSegment[];
  /** Paths of the histories of timelines. */
  readonly histories: readonly string[];
}

export function sortListing(objects: readonly StoredObject[]): Sorted {
  return {
    backups: collectBackups(objects),
    segments: collectSegments(objects),
    histories: objects.map(({ path }) => path).filter((path) => timelineOfHistory(path) !== undefined),
  };
}

const BACKUP = /^basebackups_005\/(base_[0-9A-F]{24}(?:_D_[0-9A-F]{24})*)(_backup_stop_sentinel\.json$|\/.+)/;

/** Is it of a base backup that was finished? @param path below the cluster's prefix */
export function isSentinel(path: string): boolean {
  return BACKUP.exec(path)?.[2]?.startsWith('/') === false;
}

function collectBackups(objects: readonly StoredObject[]): BackupObjects[] {
  const backups = new Map<string, { -readonly [K in keyof BackupObjects]: BackupObjects[K] }>();
  for (const { path, bytes } of objects) {
    const [, name, rest = ''] = BACKUP.exec(path) ?? [];
    if (name === undefined) continue;
    const backup = backups.get(name) ?? { name, hasMetadata: false, storedBytes: 0, parts: 0 };
    backups.set(name, backup);
    if (!rest.startsWith('/')) backup.sentinel = path;
    if (rest === '/metadata.json') backup.hasMetadata = true;
    if (rest.startsWith('/tar_partitions/')) {
      backup.storedBytes += bytes;
      backup.parts++;
    }
  }
  return [...backups.values()];
}

/** Whole segments in any compression. Of one that is there twice the newer one counts. */
function collectSegments(objects: readonly StoredObject[]): StoredSegment[] {
  const segments = new Map<string, StoredSegment>();
  for (const { path, bytes, modifiedAt } of objects) {
    const name = /^wal_005\/([0-9A-F]{24})(?:\.(?:lz4|zst|lzma|br|gz))?$/.exec(path)?.[1];
    if (name === undefined || bytes === 0) continue;
    const other = segments.get(name);
    if (other === undefined || other.modifiedAt < modifiedAt) segments.set(name, { name, bytes, modifiedAt });
  }
  return [...segments.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function timelineOfHistory(path: string): number | undefined {
  const digits = /^wal_005\/([0-9A-F]{8})\.history(?:\.[0-9a-z]+)?$/.exec(path)?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
}

/**
 * Of a .history file, whose last line names the timeline's parent: `1<tab>0/3000028<tab>no recovery target specified`.
 * @throws Error for a file without one
 */
export function parseHistory(timeline: number, text: string): TimelineSwitch {
  const line = text
    .split('\n')
    .filter((each) => each.trim() !== '' && !each.trimStart().startsWith('#'))
    .at(-1);
  const [, parent, at] = /^\s*(\d+)\s+([0-9A-Fa-f]+\/[0-9A-Fa-f]+)/.exec(line ?? '') ?? [];
  if (parent === undefined || at === undefined) throw new Error(`the history of timeline ${timeline} names no parent`);
  parseLsn(at);
  return { timeline, parent: Number(parent), at };
}
