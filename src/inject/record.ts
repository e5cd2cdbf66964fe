// What inject leaves on the template for strip: what it had to make to find room for its own, and how it passed the
// settings. Room: inject (pure).
import type { PodTemplate } from '../api/kubernetes.ts';
import { INJECTION_ANNOTATION } from '../api/names.ts';

/**
 * A field that the user's template lacked, strip removes again when nothing is left in it. `arguments=N`: options were appended to the arguments, N of which repeat the image's own. `variable=NAME`: that
 * variable was added.
 */
export type Entry = Field | `arguments=${number}` | `variable=${string}`;

export type Field =
  | 'metadata'
  | 'metadata.annotations'
  | 'spec.volumes'
  | 'spec.initContainers'
  | 'container.args'
  | 'container.env'
  | 'container.volumeMounts';

export type InjectionRecord = ReadonlySet<string>;

export function readRecord({ metadata }: PodTemplate): InjectionRecord | undefined {
  const text = metadata?.annotations?.[INJECTION_ANNOTATION];
  if (text === undefined) return undefined;
  return new Set(String(text).split(',').filter(Boolean));
}

export function writeRecord(template: PodTemplate, entries: readonly Entry[]): void {
  const made = [...entries];
  if (!template.metadata) made.push('metadata');
  template.metadata ??= {};
  if (!template.metadata.annotations) made.push('metadata.annotations');
  template.metadata.annotations = {
    ...template.metadata.annotations,
    [INJECTION_ANNOTATION]: made.sort().join(','),
  };
}

/** Appends, so that what the user wrote keeps its place; says when the list had to be made. */
export function append<K extends string, T>(
  owner: { [key in K]?: T[] },
  key: K,
  field: Field,
  items: readonly NoInfer<T>[],
): Entry[] {
  const list = owner[key];
  owner[key] = [...(list ?? []), ...items] as never;
  return list ? [] : [field];
}

/** Takes the field away again where inject made it and nothing is left in it. */
export function removeMade(owner: object, key: string, field: Field, record: InjectionRecord): void {
  const fields = owner as Record<string, unknown>;
  const value = fields[key];
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  if (record.has(field) && isEmpty) delete fields[key];
}
