// Resource versions and keys of objects. No I/O. Room: kube.
import type { KubeObject } from '../api/kubernetes.ts';

const NUMBER = /^\d+$/;

/**
 * Is `a` from before `b`? They are decimal numbers of any length, as Kubernetes promises since 1.35 and always did; of what is
 * none of these nothing is older, unless it differs: then it counts as older, so that news is never dropped.
 */
export function isOlder(a: string, b: string): boolean {
  if (!NUMBER.test(a) || !NUMBER.test(b)) return a !== b;
  return a.length === b.length ? a < b : a.length < b.length;
}

export function objectKey({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
}
