// What the store holds below the prefix that the environment names, read through the engine. Room: tools.
import { guessSegmentBytes, parseSentinel } from '../lib/sentinel.ts';
import {
  byFinish,
  type StoreContents,
  type StoredBackup,
  type TimelineSwitch,
  type UnusableBackup,
} from '../lib/store-contents.ts';
import {
  type BackupObjects,
  parseHistory,
  type StoredObject,
  sortListing,
  timelineOfHistory,
} from '../lib/store-listing.ts';
import { SEGMENT_BYTES } from '../lib/wal-segment.ts';
import { type Engine, engineError } from './engine.ts';
import { run } from './exec.ts';
import { listObjects, type ObjectPlace } from './object-stream.ts';

const READ_TIMEOUT_MS = 60_000;

/** Engine processes at a time. */
const CONCURRENCY = 4;

/**
 * @param env with the prefix and the credentials
 * @param segmentBytes of a WAL segment of this cluster; without it as its base backups tell
 * @param signal ends it; its reason is what is thrown
 * @throws Error where any of it could not be had: what was left out would look like lost data
 */
export async function readStoreContents(
  engine: Engine,
  env: NodeJS.ProcessEnv,
  segmentBytes?: number,
  signal: AbortSignal = new AbortController().signal,
): Promise<StoreContents> {
  const place = { engine, env, signal };
  // What a clean-up removes between the listing and the reading is there no more the second time.
  return readOnce(place, segmentBytes).catch((error: unknown) => {
    if (error instanceof ReadError) return readOnce(place, segmentBytes);
    throw error;
  });
}

/** An object that was listed could not be read. */
class ReadError extends Error {}

async function readOnce(place: ObjectPlace, knownBytes: number | undefined): Promise<StoreContents> {
  const listedAt = new Date().toISOString();
  const objects = await listObjects(place);
  const { backups, histories, segments } = sortListing(objects);
  const cat = (path: string, ...flags: string[]) => readObject(place, [path, ...flags]);
  const finished = await mapBounded(
    backups.filter(({ sentinel }) => sentinel !== undefined),
    async (backup) => ({ backup, json: await cat(backup.sentinel as string) }),
  );
  const switches = await mapBounded(histories, async (path) => readSwitch(path, await readHistory(cat, path)));
  const segmentBytes = knownBytes ?? guessFrom(finished);
  const judged = finished.map(({ backup, json }) => readBackup(backup, json, segmentBytes));
  const newestAt = findNewest(objects);
  return {
    listedAt,
    ...(newestAt === undefined ? {} : { newestAt }),
    segmentBytes,
    backups: judged.filter((each) => 'finishedAt' in each).sort(byFinish),
    unusable: [...judged.filter((each) => 'why' in each), ...backups.filter(lostItsSentinel).map(toUnusable)],
    segments,
    switches: switches.sort((a, b) => a.timeline - b.timeline),
  };
}

/** Their times are all of one form, which sorts as time goes by. */
function findNewest(objects: readonly StoredObject[]): string | undefined {
  return objects.reduce<string | undefined>(
    (newest, { modifiedAt }) => (newest === undefined || newest < modifiedAt ? modifiedAt : newest),
    undefined,
  );
}

/** The last one by its name: the further on, the surer. */
function guessFrom(finished: readonly { readonly backup: BackupObjects; readonly json: string }[]): number {
  const sizes = finished.map(({ backup: { name }, json }) => ({ name, size: guessSegmentBytes(name, json) }));
  const known = sizes.filter(({ size }) => size !== undefined).sort((a, b) => (a.name < b.name ? -1 : 1));
  return known.at(-1)?.size ?? SEGMENT_BYTES;
}

async function readObject({ engine, env, signal }: ObjectPlace, args: readonly string[]): Promise<string> {
  const result = await run(engine.binary, ['st', 'cat', ...args], { env, timeoutMs: READ_TIMEOUT_MS, signal });
  signal.throwIfAborted();
  if (result.code !== 0) throw new ReadError(engineError(`st cat ${args[0]}`, result).message);
  return result.stdout;
}

/** Sentinels are stored as they are; histories go the way of WAL segments. */
function readHistory(cat: (path: string, ...flags: string[]) => Promise<string>, path: string): Promise<string> {
  return cat(path, '--decrypt', ...(path.endsWith('.history') ? [] : ['--decompress']));
}

function readSwitch(path: string, text: string): TimelineSwitch {
  return parseHistory(timelineOfHistory(path) as number, text);
}

function readBackup(backup: BackupObjects, json: string, segmentBytes: number): StoredBackup | UnusableBackup {
  const { name, storedBytes, parts } = backup;
  try {
    return { ...parseSentinel(name, json, segmentBytes), storedBytes, parts };
  } catch {
    return { name, why: 'sentinel-unreadable', storedBytes };
  }
}

/** One that never got so far was broken off, or runs now. */
function lostItsSentinel({ sentinel, hasMetadata }: BackupObjects): boolean {
  return sentinel === undefined && hasMetadata;
}

function toUnusable({ name, storedBytes }: BackupObjects): UnusableBackup {
  return { name, why: 'sentinel-missing', storedBytes };
}

async function mapBounded<T, R>(items: readonly T[], map: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const work = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await map(items[index] as T);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return results;
}
