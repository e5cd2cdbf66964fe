// Where things stand in the text of a YAML or JSON document. Offsets count from the start of the file. Room: cli (door).
import {
  type CST,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  type Pair,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { Path } from '../lib/difference.ts';
import { keyOf } from '../manifest/objects.ts';
import type { ParsedFile } from '../manifest/parse.ts';

/** The text cannot be changed there without changing something else too. */
export class UneditableError extends Error {}

export type Collection = YAMLMap | YAMLSeq;
export type Child = Pair | { readonly item: unknown; readonly dash: number | undefined };

/** The value at a path. */
export interface Place {
  readonly node: unknown;
  /** What holds it, where that is a mapping. */
  readonly holder: Pair | undefined;
  /** Is it in a flow collection ({...} or [...], or any JSON)? */
  readonly inFlow: boolean;
  readonly depth: number;
}

export function findPlace(file: ParsedFile, document: number, path: Path): Place {
  let place: Place = { node: file.documents[document]?.contents, holder: undefined, inFlow: false, depth: 0 };
  for (const key of path) {
    const { node } = place;
    const inFlow = isCollection(node) && node.flow === true;
    const depth = place.depth + 1;
    if (isSeq(node)) place = { node: node.items[Number(key)], holder: undefined, inFlow, depth };
    else {
      const holder = isMap(node) ? findPair(node, String(key)) : undefined;
      if (!holder) throw new UneditableError(`${formatPath(path)} comes from an alias or a merge key`);
      place = { node: holder.value, holder, inFlow, depth };
    }
  }
  return place;
}

export function findPair(map: YAMLMap, key: string): Pair | undefined {
  return map.items.find((pair) => keyOf(pair.key) === key);
}

export function childrenOf(node: Collection): Child[] {
  if (isMap(node)) return node.items as Pair[];
  const tokens = (node.srcToken as CST.BlockSequence | undefined)?.items ?? [];
  return node.items.map((item, index) => ({ item, dash: findIndicator(tokens[index]?.start, 'seq-item-ind') }));
}

/** Where its dash or key begins; in a flow list, the item itself. */
export function startOf(child: Child): number {
  if (!isPair(child)) return child.dash ?? rangeOf(child.item)[0];
  return rangeOf(child.key)[0];
}

/** Behind its last character that is not blank, comment or line end. */
export function endOf(child: Child): number {
  if (isPair(child)) return child.value === null || isEmpty(child.value) ? behindColon(child) : endOfNode(child.value);
  return isEmpty(child.item) && child.dash !== undefined ? child.dash + 1 : endOfNode(child.item);
}

function endOfNode(node: unknown): number {
  if (isCollection(node) && !node.flow) {
    const last = childrenOf(node as Collection).at(-1);
    if (last) return endOf(last);
  }
  return rangeOf(node)[1];
}

/** `key:` with nothing after it. */
export function isEmpty(node: unknown): boolean {
  return isScalar(node) && node.range?.[0] === node.range?.[1];
}

export function behindColon(pair: Pair): number {
  const colon = findIndicator(pair.srcToken?.sep, 'map-value-ind');
  if (colon === undefined) throw new UneditableError(`the key ${keyOf(pair.key)} stands without a colon`);
  return colon + 1;
}

function findIndicator(tokens: readonly CST.SourceToken[] | undefined, type: string): number | undefined {
  return tokens?.find((token) => token.type === type)?.offset;
}

export function rangeOf(node: unknown): readonly [start: number, end: number] {
  if ((isNode(node) || isAlias(node)) && node.range) return [node.range[0], node.range[1]];
  throw new UneditableError('something without a place of its own');
}

function formatPath(path: Path): string {
  return path.join('.');
}

export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

/** Of the line's end, before its CR LF or LF; the end of the text where there is none. */
export function lineEnd(text: string, offset: number): number {
  const newline = text.indexOf('\n', offset);
  if (newline === -1) return text.length;
  return text[newline - 1] === '\r' ? newline - 1 : newline;
}

export function eolOf(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

/** What stands before it on its line. */
export function prefixOf(text: string, offset: number): string {
  return text.slice(lineStart(text, offset), offset);
}

export function blanksOf(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(lineStart(text, offset)))?.[0] ?? '';
}
