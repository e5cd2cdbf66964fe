// Changes objects in the text in which they were written: every character that need not change stays as it is.
// Room: cli (door).
import { isCollection, isMap, isScalar } from 'yaml';
import type { KubeObject } from '../api/kubernetes.ts';
import { type Difference, listDifferences, type Path } from '../lib/difference.ts';
import { isEqual } from '../lib/json.ts';
import { dropNulls, keyOf, type Located } from '../manifest/objects.ts';
import { type ParsedFile, parseSource, toJson } from '../manifest/parse.ts';
import { type Entry, fillBlock, insertBlock, removeBlock } from './edit-block.ts';
import { fillFlow, insertFlow, readUnit, removeFlow } from './edit-flow.ts';
import { type Collection, findPair, findPlace, type Place, rangeOf, UneditableError } from './place.ts';
import { readStyle, renderScalar } from './render-yaml.ts';
import { applySplices, type Splice } from './splice.ts';

export interface Change {
  readonly located: Located;
  readonly after: KubeObject;
}

/** The text with every object as it should be; throws UneditableError rather than change anything else. */
export function editText(file: ParsedFile, changes: readonly Change[]): string {
  const expected = file.documents.map((document) => dropNulls(toJson(document)));
  for (const { located, after } of changes) {
    expected[located.document] = setAt(expected[located.document], located.path, restoreAbsent(located, after));
  }
  // Removed first, so that what is added is put beside what stays.
  const reduced = pass(file, expected, changes, removalsOf);
  const result = pass(reduced, expected, changes, additionsOf);
  verify(result, expected);
  return result.text;
}

type Step = (file: ParsedFile, document: number, path: Path, differences: readonly Difference[]) => Splice[];

function pass(file: ParsedFile, expected: readonly unknown[], changes: readonly Change[], step: Step): ParsedFile {
  const splices = changes.flatMap(({ located: { document, path } }) => {
    const before = getAt(dropNulls(toJson(file.documents[document] as ParsedFile['documents'][number])), path);
    return step(file, document, path, listDifferences(before, getAt(expected[document], path)));
  });
  if (splices.length === 0) return file;
  const next = parseSource({ file: file.file, text: applySplices(file.text, splices) });
  if ('message' in next) throw new UneditableError(`line ${next.line} would become invalid: ${next.message}`);
  return next;
}

function removalsOf(file: ParsedFile, document: number, path: Path, differences: readonly Difference[]): Splice[] {
  const removed = differences.filter(({ kind }) => kind === 'removed');
  const changed = differences.filter((each) => each.kind === 'changed');
  const byParent = Map.groupBy(removed, ({ at }) => JSON.stringify(at.slice(0, -1)));
  const removals = [...byParent.values()].flatMap((group) => {
    const place = findPlace(file, document, [...path, ...(group[0]?.at.slice(0, -1) ?? [])]);
    const node = collectionOf(place);
    const keys = group.map(({ at }) => at.at(-1) as string | number);
    const doomed = new Set(keys.map((key) => String(isMap(node) ? indexOfKey(node, String(key)) : key)));
    return node.flow ? removeFlow(place, doomed) : removeBlock(file.text, place, doomed);
  });
  return [
    ...removals,
    ...changed.map(({ at, value }) => replace(file, findPlace(file, document, [...path, ...at]), value)),
  ];
}

function replace({ text }: ParsedFile, { node, inFlow, depth }: Place, value: unknown): Splice {
  if (!isScalar(node) || typeof value === 'object')
    throw new UneditableError('a value that becomes one of another kind');
  const [start, end] = rangeOf(node);
  const rendered = inFlow ? JSON.stringify(value) : renderScalar(value);
  return { start, end, text: text[end - 1] === '\n' ? `${rendered}\n` : rendered, depth };
}

function additionsOf(file: ParsedFile, document: number, path: Path, differences: readonly Difference[]): Splice[] {
  const added = differences.filter((each) => each.kind === 'added');
  const byParent = Map.groupBy(added, ({ at }) => JSON.stringify(at.slice(0, -1)));
  return [...byParent.values()].flatMap((group) => {
    const place = findPlace(file, document, [...path, ...(group[0]?.at.slice(0, -1) ?? [])]);
    const entries = group.map(({ at, value }): Entry => [at.at(-1) as string | number, value]);
    return addTo(file, document, place, entries);
  });
}

function addTo(file: ParsedFile, document: number, place: Place, entries: readonly Entry[]): Splice[] {
  const { text } = file;
  const node = collectionOf(place);
  const fill = (target: Place, value: unknown) =>
    target.inFlow || !target.holder
      ? [fillFlow(text, target, value, readUnit(text, file.documents[document]?.contents))]
      : fillBlock(text, target, value, readStyle(file, document));
  if (node.items.length === 0) {
    return fill(place, isMap(node) ? Object.fromEntries(entries) : entries.map(([, value]) => value));
  }
  // `volumes:` with nothing after it is there, and counts as absent.
  const pairOf = (key: string | number) => (isMap(node) ? findPair(node, String(key)) : undefined);
  const splices = entries.flatMap(([key, value]) => {
    const holder = pairOf(key);
    const inFlow = node.flow === true;
    return holder ? fill({ node: holder.value, holder, inFlow, depth: place.depth + 1 }, value) : [];
  });
  const fresh = entries.filter(([key]) => pairOf(key) === undefined);
  if (fresh.length === 0) return splices;
  const inserted = node.flow
    ? insertFlow(text, place, fresh)
    : insertBlock(text, node, place.depth, fresh, readStyle(file, document));
  return [...splices, ...inserted];
}

function collectionOf({ node }: Place): Collection {
  if (isCollection(node)) return node as Collection;
  throw new UneditableError('an alias, or a value that is no list and no mapping');
}

function indexOfKey(node: Collection, key: string): number {
  const index = isMap(node) ? node.items.findIndex((pair) => keyOf(pair.key) === key) : -1;
  if (index === -1) throw new UneditableError(`"${key}" comes from a merge key`);
  return index;
}

function verify(file: ParsedFile, expected: readonly unknown[]): void {
  const actual = file.documents.map((document) => dropNulls(toJson(document)));
  if (isEqual(actual, expected)) return;
  throw new UneditableError('something else would change with it, because of an anchor or of how the text is written');
}

/** What a List's item leaves unsaid was filled in for judging, and is not written. */
function restoreAbsent({ raw, object }: Located, after: KubeObject): unknown {
  const filled = Object.keys(object).filter((key) => !Object.hasOwn(raw, key) && isEqual(after[key], object[key]));
  return Object.fromEntries(Object.entries(after).filter(([key]) => !filled.includes(key)));
}

function getAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((each, key) => (each as Record<string | number, unknown> | undefined)?.[key], value);
}

function setAt(value: unknown, path: Path, replacement: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return replacement;
  if (Array.isArray(value)) return value.map((each, index) => (index === key ? setAt(each, rest, replacement) : each));
  const object = value as Record<string, unknown>;
  return { ...object, [key]: setAt(object[key], rest, replacement) };
}
