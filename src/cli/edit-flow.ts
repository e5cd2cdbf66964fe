// Puts JSON into flow collections, which are also those of JSON files, and takes parts out. Room: cli (door).
import { isMap } from 'yaml';
import type { Entry } from './edit-block.ts';
import {
  blanksOf,
  type Child,
  type Collection,
  childrenOf,
  endOf,
  eolOf,
  type Place,
  prefixOf,
  rangeOf,
  startOf,
} from './place.ts';
import type { Splice } from './splice.ts';

export function insertFlow(text: string, { node, depth }: Place, entries: readonly Entry[]): Splice[] {
  const children = childrenOf(node as Collection);
  const style = readFlowStyle(text, node as Collection, children);
  const isMapping = isMap(node);
  return [...Map.groupBy(entries, ([index]) => (isMapping ? children.length : Number(index)))].map(([index, group]) => {
    const parts = group.map(([key, value]) => (isMapping ? renderMember(key, value, style) : render(value, style)));
    const next = children[index];
    const start = next ? startOf(next) : endOf(children.at(-1) as Child);
    const added = parts.map((part) => (next ? part + style.separator : style.separator + part)).join('');
    return { start, end: start, text: added, depth };
  });
}

/** A value in the place of an empty one or of a null. @param unit indentation of the file; empty where it is in one line */
export function fillFlow(text: string, { node, depth }: Place, value: unknown, unit: string): Splice {
  const [start, end] = rangeOf(node);
  const lines = JSON.stringify(value, null, unit).split('\n');
  const rendered = unit === '' ? inline(value, spaceOf(text)) : lines.join(eolOf(text) + blanksOf(text, start));
  return { start, end, text: rendered, depth };
}

/** By the first member of the outermost collection. */
export function readUnit(text: string, root: unknown): string {
  const children = childrenOf(root as Collection);
  const first = children[0];
  if (!first || (root as Collection).flow !== true) return '';
  const prefix = prefixOf(text, startOf(first));
  return prefix.trim() === '' ? prefix.slice(blanksOf(text, rangeOf(root)[0]).length) : '';
}

interface FlowStyle {
  readonly separator: string;
  /** Empty: in one line. */
  readonly unit: string;
  /** Before each line but the first. */
  readonly prefix: string;
  readonly space: string;
  readonly eol: string;
}

function readFlowStyle(text: string, node: Collection, children: readonly Child[]): FlowStyle {
  const [first, second] = children as [Child, Child?];
  const prefix = prefixOf(text, startOf(first));
  const eol = eolOf(text);
  if (prefix.trim() === '' && text.slice(rangeOf(node)[0], startOf(first)).includes('\n')) {
    const outer = blanksOf(text, rangeOf(node)[0]);
    return { separator: `,${eol}${prefix}`, unit: prefix.slice(outer.length) || '  ', prefix, space: ' ', eol };
  }
  const separator = second ? text.slice(endOf(first), startOf(second)) : `,${spaceOf(text)}`;
  return { separator, unit: '', prefix: '', space: separator === ',' ? '' : ' ', eol };
}

/** Is there a blank after a comma or a colon in one line? */
function spaceOf(text: string): string {
  return /[,:] /.test(text) ? ' ' : '';
}

function renderMember(key: string | number, value: unknown, style: FlowStyle): string {
  return `${JSON.stringify(String(key))}:${style.space}${render(value, style)}`;
}

function render(value: unknown, { unit, prefix, space, eol }: FlowStyle): string {
  if (unit === '') return inline(value, space);
  return JSON.stringify(value, null, unit)
    .split('\n')
    .join(eol + prefix);
}

function inline(value: unknown, space: string): string {
  if (Array.isArray(value)) return `[${value.map((item) => inline(item, space)).join(`,${space}`)}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}:${space}${inline(each, space)}`);
  return `{${members.join(`,${space}`)}}`;
}

/** With the comma on the side where one is left over; all of them: the brackets stay, empty. */
export function removeFlow({ node, depth }: Place, doomed: ReadonlySet<string>): Splice[] {
  const children = childrenOf(node as Collection);
  if (doomed.size === children.length) {
    const [start, end] = rangeOf(node);
    return [{ start, end, text: isMap(node) ? '{}' : '[]', depth }];
  }
  const kept = children.filter((_, index) => !doomed.has(String(index)));
  const lastKept = children.indexOf(kept.at(-1) as Child);
  return children.flatMap((child, index) => {
    if (!doomed.has(String(index))) return [];
    // Behind the last that stays, the comma before goes; elsewhere the one after.
    return index > lastKept
      ? [{ start: endOf(children[index - 1] as Child), end: endOf(child), text: '', depth }]
      : [{ start: startOf(child), end: startOf(children[index + 1] as Child), text: '', depth }];
  });
}
