// Environment variables of a container as the kubelet would give them, as far as a manifest tells. Room: lib (pure).
import type { Container, EnvVar } from '../api/kubernetes.ts';
import { cloneJson } from './json.ts';

/** unset: the manifest sets it nowhere. unknown: its value is known in the cluster only. */
export type Variable =
  | { readonly kind: 'unset' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'value'; readonly value: string };

const REFERENCE = /\$\$|\$\(([-._A-Za-z][-._A-Za-z0-9]*)\)/g;

/** The last entry of a name wins, as in Kubernetes. */
export function findEntry({ env }: Container, name: string): EnvVar | undefined {
  return env?.findLast((entry) => entry.name === name);
}

/** More than any path or name; what grows beyond it by references is not read. */
const LONGEST = 4096;

const NONE: ReadonlyMap<string, Variable> = new Map();

/** With `$(NAME)` replaced where NAME is set above. Any other NAME is unknown: Kubernetes has the Services' variables too. */
export function resolveVariable(container: Container, name: string): Variable {
  const wanted = findEntry(container, name);
  if (!wanted) return { kind: 'unset' };
  if (!String(wanted.value ?? '').includes('$')) return resolveEntry(wanted, NONE);
  const above = new Map<string, Variable>();
  for (const entry of container.env ?? []) above.set(entry.name, resolveEntry(entry, above));
  return above.get(name) ?? { kind: 'unset' };
}

function resolveEntry({ value, valueFrom }: EnvVar, above: ReadonlyMap<string, Variable>): Variable {
  if (valueFrom) return { kind: 'unknown' };
  let isKnown = true;
  let length = 0;
  const text = String(value ?? '').replace(REFERENCE, (_, name?: string) => {
    if (name === undefined) return '$';
    const referred = above.get(name);
    length += referred?.kind === 'value' ? referred.value.length : 0;
    isKnown &&= referred?.kind === 'value' && length <= LONGEST;
    return isKnown && referred?.kind === 'value' ? referred.value : '';
  });
  return isKnown ? { kind: 'value', value: text } : { kind: 'unknown' };
}

/** The value where the manifest tells it; an empty one counts as none. */
export function readVariable(container: Container, name: string): string | undefined {
  const variable = resolveVariable(container, name);
  return variable.kind === 'value' && variable.value !== '' ? variable.value : undefined;
}

/** Entries of these names, and before them those that their values refer to, in their own order. */
export function copyEntries({ env = [] }: Container, names: readonly string[]): EnvVar[] {
  const wanted = new Set(names);
  const list = env ?? [];
  for (const { name, value } of list.toReversed()) {
    if (!wanted.has(name)) continue;
    for (const [, referred] of String(value ?? '').matchAll(REFERENCE)) if (referred) wanted.add(referred);
  }
  return cloneJson(list.filter(({ name }) => wanted.has(name)));
}
