// Server-side apply only of what is not applied yet. No I/O. Room: controller (door).
import type { KubeObject } from '../api/kubernetes.ts';
import { GROUP } from '../api/names.ts';
import { shortHash, toStableJson } from '../lib/json.ts';
import type { Action } from './action.ts';
import { find } from './world.ts';

/** Of what was applied last; equal means that nothing has to be written. */
const APPLIED = `${GROUP}/applied`;

export function planApply(object: KubeObject, live: readonly KubeObject[]): Action[] {
  const hash = shortHash(toStableJson(object));
  const annotations = { ...object.metadata.annotations, [APPLIED]: hash };
  const found = findLive(live, object);
  if (found?.metadata.annotations?.[APPLIED] === hash) return [];
  return [{ verb: 'apply', object: { ...object, metadata: { ...object.metadata, annotations } } }];
}

export function findLive(live: readonly KubeObject[], { kind, metadata }: KubeObject): KubeObject | undefined {
  const sameKind = live.filter((each) => each.kind === kind);
  return find(sameKind, metadata.namespace ?? '', metadata.name ?? '');
}
