// JSON values as lines of YAML that look like the text around them. Room: cli (door).
import { isMap, isSeq, stringify, visit } from 'yaml';
import { isObject } from '../lib/json.ts';
import type { ParsedFile } from '../manifest/parse.ts';

export interface YamlStyle {
  /** Blanks by which a mapping is indented in a mapping. */
  readonly map: number;
  /** Blanks by which a list is indented below its key: 0 or more. */
  readonly list: number;
}

/** How the document is indented, from the first mapping and the first list that are nested in a mapping. */
export function readStyle({ documents, lines }: ParsedFile, document: number): YamlStyle {
  let map: number | undefined;
  let list: number | undefined;
  const column = (offset: number) => lines.linePos(offset).col - 1;
  visit(documents[document] ?? null, {
    Pair(_, { key, value }, ancestors) {
      const parent = ancestors.at(-1);
      if (!isMap(parent) || parent.flow || !isKey(key)) return;
      if (isMap(value) && !value.flow && value.items[0] && isKey(value.items[0].key)) {
        map ??= column(value.items[0].key.range[0]) - column(key.range[0]);
      }
      if (isSeq(value) && !value.flow && value.range) list ??= column(value.range[0]) - column(key.range[0]);
    },
  });
  return { map: map ?? 2, list: list ?? 0 };
}

function isKey(key: unknown): key is { range: [number, number, number] } {
  return isObject(key) && Array.isArray(key.range);
}

export function renderPair(key: string, value: unknown, style: YamlStyle): string[] {
  return attach(`${renderScalar(key)}:`, value, style);
}

/** What stands after `key:`; the first line is on the key's own. */
export function attach(head: string, value: unknown, style: YamlStyle): string[] {
  if (!isNested(value)) return [`${head} ${renderScalar(value)}`];
  return [head, ...indent(renderBlock(value, style), Array.isArray(value) ? style.list : style.map)];
}

export function renderItem(value: unknown, style: YamlStyle): string[] {
  if (!isNested(value)) return [`- ${renderScalar(value)}`];
  const [first = '', ...rest] = renderBlock(value, style);
  return [`- ${first}`, ...indent(rest, 2)];
}

function renderBlock(value: object, style: YamlStyle): string[] {
  return Array.isArray(value)
    ? value.flatMap((item) => renderItem(item, style))
    : Object.entries(value).flatMap(([key, each]) => renderPair(key, each, style));
}

/** An empty list or mapping is written as a scalar is: in one line. */
export function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}

/** YAML 1.1, so that "on" and "0755" are quoted; never folded, never a block of lines. */
export function renderScalar(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  if (/[\n\r\t]/.test(value)) return JSON.stringify(value);
  return stringify(value, { version: '1.1', lineWidth: 0 }).trimEnd();
}

export function indent(lines: readonly string[], blanks: number): string[] {
  return lines.map((line) => ' '.repeat(blanks) + line);
}
