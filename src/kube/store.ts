// A cache of the objects of one kind, and the rules by which lists, events and our own writes go into it. No I/O.
// Room: kube.
import type { KubeObject } from '../api/kubernetes.ts';
import type { WatchEvent } from './feed.ts';
import { isOlder, objectKey } from './version.ts';

/** Both undefined never happens. */
export interface Change<T> {
  readonly before: T | undefined;
  readonly after: T | undefined;
}

export interface Digest<T> {
  readonly key: string;
  readonly version: string;
  readonly kept: T | undefined;
}

export interface Store<T> {
  readonly get: (namespace: string, name: string) => T | undefined;
  readonly list: () => T[];
  /** All that `index` of the options puts under that word. */
  readonly find: (word: string) => T[];
  /** Undefined where it tells nothing new. */
  readonly take: (type: WatchEvent['type'], object: KubeObject) => Change<T> | undefined;
  /** The answer to a write of our own: taken like an event, but a watch does not go on from there. */
  readonly note: (object: KubeObject) => void;
  /** What a list's object comes to, so that the whole of a long list need not be held. */
  readonly digest: (object: KubeObject) => Digest<T>;
  /** Whatever is not in the list any more is gone. */
  readonly replaceAll: (objects: readonly Digest<T>[], version: string) => Change<T>[];
  /** Where a watch goes on; undefined before the first list. */
  readonly position: () => string | undefined;
}

export interface StoreOptions<T extends KubeObject> {
  /** What is kept of an object; undefined for nothing. */
  readonly keep: (object: KubeObject) => T | undefined;
  readonly index: (object: T) => readonly string[];
}

/** Of so many deleted objects it stays known that an older event of theirs is no news. */
const MOST_GRAVES = 1000;

export function createStore<T extends KubeObject>({ keep, index }: StoreOptions<T>): Store<T> {
  const objects = new Map<string, T>();
  const words = new Map<string, Set<string>>();
  const graves = new Map<string, string>();
  let position: string | undefined;

  function put(key: string, after: T | undefined): Change<T> | undefined {
    const before = objects.get(key);
    for (const word of before ? index(before) : []) {
      words.get(word)?.delete(key);
      if (words.get(word)?.size === 0) words.delete(word);
    }
    if (after) objects.set(key, after);
    else objects.delete(key);
    for (const word of after ? index(after) : []) {
      const keys = words.get(word) ?? new Set();
      words.set(word, keys.add(key));
    }
    return before || after ? { before, after } : undefined;
  }

  function bury(key: string, version: string): void {
    graves.delete(key);
    graves.set(key, version);
    const [oldest] = graves.keys();
    if (graves.size > MOST_GRAVES && oldest !== undefined) graves.delete(oldest);
  }

  /**
   * | event's version        | known                      | what is done |
   * | any, of a bookmark     |                            | only the position moves |
   * | the same or older      | the object, or its grave   | nothing: a duplicate, or out of order |
   * | newer                  | the object, or its grave   | taken        |
   * | any                    | nothing                    | taken        |
   */
  function take(type: WatchEvent['type'], object: KubeObject): Change<T> | undefined {
    const version = object.metadata.resourceVersion ?? '';
    if (position !== undefined && isOlder(position, version)) position = version;
    return type === 'BOOKMARK' ? undefined : takeObject(type, object, version);
  }

  function takeObject(type: WatchEvent['type'], object: KubeObject, version: string): Change<T> | undefined {
    const key = objectKey(object);
    const known = objects.get(key)?.metadata.resourceVersion ?? graves.get(key);
    if (known !== undefined && !isOlder(known, version)) return undefined;
    const after = type === 'DELETED' ? undefined : keep(object);
    if (after) graves.delete(key);
    else bury(key, version);
    return put(key, after);
  }

  /**
   * A list is the truth of its version; only what our own writes brought since then is newer. One that is older than what
   * was seen before means that the server's storage was set back: then nothing known counts.
   */
  function replaceAll(items: readonly Digest<T>[], version: string): Change<T>[] {
    const isSetBack = position !== undefined && isOlder(version, position);
    const isNewer = (each: T) => !isSetBack && isOlder(version, each.metadata.resourceVersion ?? '');
    position = version;
    graves.clear();
    const changes: (Change<T> | undefined)[] = [];
    const left = new Set(objects.keys());
    for (const { key, version: itsVersion, kept } of items) {
      left.delete(key);
      const before = objects.get(key);
      if (before && (isNewer(before) || before.metadata.resourceVersion === itsVersion)) continue;
      changes.push(put(key, kept));
    }
    for (const key of left) {
      const before = objects.get(key);
      if (before && !isNewer(before)) changes.push(put(key, undefined));
    }
    return changes.filter((change) => change !== undefined);
  }

  return {
    get: (namespace, name) => objects.get(`${namespace}/${name}`),
    list: () => [...objects.values()],
    find: (word) => [...(words.get(word) ?? [])].flatMap((key) => objects.get(key) ?? []),
    take,
    note: (object) => void takeObject('MODIFIED', object, object.metadata.resourceVersion ?? ''),
    digest: (object) => ({
      key: objectKey(object),
      version: object.metadata.resourceVersion ?? '',
      kept: keep(object),
    }),
    replaceAll,
    position: () => position,
  };
}
