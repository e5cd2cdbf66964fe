// Puts lines into block collections of YAML, and takes lines out. Room: cli (door).
import { isCollection, isMap, isPair } from 'yaml';
import {
  behindColon,
  type Child,
  type Collection,
  childrenOf,
  endOf,
  eolOf,
  isEmpty,
  lineEnd,
  lineStart,
  type Place,
  prefixOf,
  rangeOf,
  startOf,
  UneditableError,
} from './place.ts';
import { attach, indent, renderItem, renderPair, type YamlStyle } from './render-yaml.ts';
import type { Splice } from './splice.ts';

export type Entry = readonly [key: string | number, value: unknown];

/** New pairs go to the end; a new item goes before the one that has its index. */
export function insertBlock(
  text: string,
  node: Collection,
  depth: number,
  entries: readonly Entry[],
  style: YamlStyle,
): Splice[] {
  const children = childrenOf(node);
  const column = prefixOf(text, startOf(children[0] as Child)).length;
  if (isMap(node)) {
    const lines = entries.flatMap(([key, value]) => renderPair(String(key), value, style));
    return [insertLines(text, endOf(children.at(-1) as Child), indent(lines, column), depth)];
  }
  return [...Map.groupBy(entries, ([index]) => Number(index))].map(([index, group]) => {
    const lines = indent(
      group.flatMap(([, value]) => renderItem(value, style)),
      column,
    );
    if (index > 0) return insertLines(text, endOf(children[index - 1] as Child), lines, depth);
    const start = lineStart(text, startOf(children[0] as Child));
    return { start, end: start, text: joinLines(text, lines), depth };
  });
}

/** A value for a key that has none, or an empty list or mapping. */
export function fillBlock(text: string, { holder, node, depth }: Place, value: unknown, style: YamlStyle): Splice[] {
  if (!holder) throw new UneditableError('an empty item of a list');
  const colon = behindColon(holder);
  const end = node === null || isEmpty(node) ? colon : rangeOf(node)[1];
  const column = prefixOf(text, rangeOf(holder.key)[0]).length;
  const [first = '', ...lines] = attach('', value, style);
  const head = { start: colon, end, text: first, depth };
  return lines.length === 0 ? [head] : [head, insertLines(text, end, indent(lines, column), depth)];
}

function insertLines(text: string, after: number, lines: readonly string[], depth: number): Splice {
  // A block of text ends with its own line end.
  if (text[after - 1] === '\n') return { start: after, end: after, text: joinLines(text, lines), depth };
  const start = lineEnd(text, after);
  return { start, end: start, text: lines.map((line) => eolOf(text) + line).join(''), depth };
}

function joinLines(text: string, lines: readonly string[]): string {
  return lines.map((line) => line + eolOf(text)).join('');
}

export function removeBlock(text: string, { node, holder, depth }: Place, doomed: ReadonlySet<string>): Splice[] {
  const children = childrenOf(node as Collection);
  const isDoomed = (index: number) => doomed.has(String(index));
  if (doomed.size < children.length) {
    return children.flatMap((child, index) =>
      isDoomed(index) ? [removeChild(text, child, isDoomed(index + 1) ? undefined : children[index + 1], depth)] : [],
    );
  }
  if (!holder) throw new UneditableError('all of an item of a list');
  const colon = behindColon(holder);
  const emptied = { start: colon, end: colon, text: isMap(node) ? ' {}' : ' []', depth };
  return [emptied, ...children.map((child) => removeLines(text, startOf(child), endOf(child), depth))];
}

function removeChild(text: string, child: Child, next: Child | undefined, depth: number): Splice {
  const start = startOf(child);
  if (prefixOf(text, start).trim() !== '') {
    // `- key: value`: the dash stays, for the key on the next line.
    if (!next || !isPair(child)) throw new UneditableError('the first of several on one line');
    return { start, end: startOf(next), text: '', depth };
  }
  // `key:   # why` was there before walguard filled it in; with nothing after it, it counts as absent again.
  const comment = isPair(child) && isBlock(child.value) ? /^[ \t]*#.*/.exec(text.slice(behindColon(child))) : null;
  const from = comment ? lineEnd(text, start) + eolOf(text).length : start;
  return removeLines(text, from, endOf(child), depth);
}

function isBlock(node: unknown): boolean {
  return isCollection(node) && node.flow !== true;
}

function removeLines(text: string, start: number, end: number, depth: number): Splice {
  const stop = text[end - 1] === '\n' ? end : text.indexOf('\n', end) + 1;
  return { start: lineStart(text, start), end: stop > 0 ? stop : text.length, text: '', depth };
}
