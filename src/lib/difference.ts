// What must be done to one JSON value to make another, item by item: lists are compared by their items, not by their
// places. Room: lib (pure).
import { isEqual, isObject } from './json.ts';

export type Path = readonly (string | number)[];

export type Difference =
  /** `at` is where it goes in the old value; in a list, the item before which it goes. */
  | { readonly kind: 'added'; readonly at: Path; readonly path: Path; readonly value: unknown }
  | { readonly kind: 'removed'; readonly at: Path; readonly value: unknown }
  | {
      readonly kind: 'changed';
      readonly at: Path;
      readonly path: Path;
      readonly before: unknown;
      readonly value: unknown;
    };

/** `at` counts in the old value, `path` in the new one; both grow as the values are entered. */
export function listDifferences(before: unknown, after: unknown, at: Path = [], path: Path = []): Difference[] {
  if (isEqual(before, after)) return [];
  if (isObject(before) && isObject(after)) return compareObjects(before, after, at, path);
  if (Array.isArray(before) && Array.isArray(after)) return compareLists(before, after, at, path);
  return [{ kind: 'changed', at, path, before, value: after }];
}

function compareObjects(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
  at: Path,
  path: Path,
): Difference[] {
  const kept = Object.keys(before).flatMap((key): Difference[] =>
    Object.hasOwn(after, key)
      ? listDifferences(before[key], after[key], [...at, key], [...path, key])
      : [{ kind: 'removed', at: [...at, key], value: before[key] }],
  );
  const added = Object.keys(after)
    .filter((key) => !Object.hasOwn(before, key))
    .map((key): Difference => ({ kind: 'added', at: [...at, key], path: [...path, key], value: after[key] }));
  return [...kept, ...added];
}

function compareLists(before: readonly unknown[], after: readonly unknown[], at: Path, path: Path): Difference[] {
  const differences: Difference[] = [];
  let i = 0;
  let j = 0;
  for (const [nextI, nextJ] of [...matchItems(before, after), [before.length, after.length] as const]) {
    for (; i < nextI; i++) differences.push({ kind: 'removed', at: [...at, i], value: before[i] });
    for (; j < nextJ; j++) differences.push({ kind: 'added', at: [...at, i], path: [...path, j], value: after[j] });
    if (i < before.length && j < after.length) {
      differences.push(...listDifferences(before[i], after[j], [...at, i], [...path, j]));
    }
    i++;
    j++;
  }
  return differences;
}

/** Pairs of indexes, rising, of items that are the same one: the longest common subsequence. */
function matchItems(before: readonly unknown[], after: readonly unknown[]): (readonly [i: number, j: number])[] {
  const lengths = Array.from({ length: before.length + 1 }, () => new Array<number>(after.length + 1).fill(0));
  const at = (i: number, j: number) => lengths[i]?.[j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const longest = isSame(before[i], after[j]) ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
      (lengths[i] as number[])[j] = longest;
    }
  }
  const pairs: (readonly [number, number])[] = [];
  for (let i = 0, j = 0; i < before.length && j < after.length; ) {
    if (isSame(before[i], after[j]) && at(i, j) === at(i + 1, j + 1) + 1) pairs.push([i++, j++]);
    else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return pairs;
}

/** In Kubernetes' lists a name says which item it is. */
function isSame(a: unknown, b: unknown): boolean {
  if (isObject(a) && isObject(b) && typeof a.name === 'string' && typeof b.name === 'string') {
    return a.name === b.name && a.mountPath === b.mountPath;
  }
  return isEqual(a, b);
}
