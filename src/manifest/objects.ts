// Finds the Kubernetes objects in parsed files: one by one, in Lists and in Templates. Room: manifest.
import { isCollection, isMap, isPair, isScalar, isSeq, type Node } from 'yaml';
import type { KubeObject } from '../api/kubernetes.ts';
import type { Path } from '../lib/difference.ts';
import { isObject } from '../lib/json.ts';
import type { ParsedFile } from './parse.ts';
import { toJson } from './parse.ts';

export interface Located {
  readonly file: ParsedFile;
  /** Index of the document in the file. */
  readonly document: number;
  /** Where the object is in the document; empty for the document itself. */
  readonly path: Path;
  /** Without explicit nulls, as the API server stores it. */
  readonly object: KubeObject;
  /** The same, as it is written: a List's items may leave out what the List says. */
  readonly raw: object;
  /** From 1. */
  readonly line: number;
}

export function findObjects(file: ParsedFile): Located[] {
  return file.documents.flatMap((each, document) =>
    walk(dropNulls(toJson(each)), []).map(({ path, object, raw }) => ({
      file,
      document,
      path,
      object,
      raw,
      line: lineOf(file, document, path),
    })),
  );
}

type Found = Pick<Located, 'path' | 'object' | 'raw'>;

function walk(value: unknown, path: Path, assumedKind?: string): Found[] {
  if (!isObject(value)) return [];
  const kind = value.kind ?? assumedKind;
  if (typeof kind !== 'string') return [];
  const [key, members] = membersOf(kind, value);
  if (members) {
    const itemKind = kind.endsWith('List') && kind !== 'List' ? kind.slice(0, -'List'.length) : undefined;
    return members.flatMap((member, index) => walk(member, [...path, key, index], itemKind));
  }
  const metadata = isObject(value.metadata) ? value.metadata : {};
  return [{ path, object: { apiVersion: '', ...value, kind, metadata }, raw: value }];
}

function membersOf(kind: string, value: Record<string, unknown>): [key: string, members?: unknown[]] {
  if (kind.endsWith('List') && Array.isArray(value.items)) return ['items', value.items];
  // OpenShift's.
  if (kind === 'Template' && Array.isArray(value.objects)) return ['objects', value.objects];
  return [''];
}

/** What the API server does with `volumes:` and nothing after it. A null in a list keeps its place. */
export function dropNulls(value: unknown): unknown {
  // JSON has no .nan and no .inf, and NaN equals nothing.
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (Array.isArray(value)) return value.map(dropNulls);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([, each]) => each !== null && each !== undefined);
  return Object.fromEntries(kept.map(([key, each]) => [key, dropNulls(each)]));
}

/** Line of the deepest node on the way to the path that is there. */
export function lineOf({ documents, lines }: ParsedFile, document: number, path: Path): number {
  let node: unknown = documents[document]?.contents;
  let offset = startOf(node);
  for (const key of path) {
    const next = childOf(node, key);
    if (next === undefined) break;
    offset = startOf(next) ?? offset;
    node = isPair(next) ? next.value : next;
  }
  return lines.linePos(offset ?? 0).line;
}

export function childOf(node: unknown, key: string | number): unknown {
  if (isSeq(node)) return node.items[Number(key)];
  if (isMap(node)) return node.items.find((pair) => keyOf(pair.key) === String(key));
  return undefined;
}

/** As it is in the JSON: a bare `on` as a key is "true". */
export function keyOf(key: unknown): string {
  return isScalar(key) ? String(key.value ?? '') : '';
}

function startOf(node: unknown): number | undefined {
  if (isPair(node)) return startOf(node.key);
  if (isCollection(node) || isScalar(node)) return (node as Node).range?.[0];
  return (node as Node | undefined)?.range?.[0];
}

/** `spec.containers[0].args` and `metadata.annotations[walguard.dev/policy]` to their keys. */
export function parseField(field: string): Path {
  return [...field.matchAll(/\[([^\]]*)\]|([^.[\]]+)/g)].map(([, inBrackets, word]) =>
    inBrackets !== undefined && /^\d+$/.test(inBrackets) ? Number(inBrackets) : (inBrackets ?? word ?? ''),
  );
}
