// Server-side apply only of what is not applied yet. No I/O. Room: controller (door).
import type { KubeObject } from '../api/kubernetes.ts';
import { GROUP } from '../api/names.ts';
import { shortHash, toStableJson } from '../lib/json.ts';
import type { Action } from './action.ts';
import { holds } from './drift.ts';
import { find } from './world.ts';

/** Of what was applied last: it is in the object itself, so it outlives this process and its leadership. */
export const APPLIED = `${GROUP}/applied`;

/**
 * | live   | its hash is that of what is wanted | it says all that is wanted | action                       |
 * | absent |                                    |                            | apply                        |
 * | there  | no                                 |                            | apply: the policy changed    |
 * | there  | yes                                | no                         | apply: somebody edited it    |
 * | there  | yes                                | yes                        | none                         |
 */
export function planApply(object: KubeObject, live: readonly KubeObject[]): Action[] {
  const hash = shortHash(toStableJson(object));
  const annotations = { ...object.metadata.annotations, [APPLIED]: hash };
  const wanted = { ...object, metadata: { ...object.metadata, annotations } };
  return holds(findLive(live, object), wanted) ? [] : [{ verb: 'apply', object: wanted }];
}

export function findLive(live: readonly KubeObject[], { kind, metadata }: KubeObject): KubeObject | undefined {
  const sameKind = live.filter((each) => each.kind === kind);
  return find(sameKind, metadata.namespace ?? '', metadata.name ?? '');
}

/** The live objects as they are once the actions are carried out. */
export function foresee(live: readonly KubeObject[], actions: readonly Action[]): KubeObject[] {
  const applied = actions.filter(({ verb }) => verb === 'apply').map(({ object }) => object);
  const touched = actions.filter(({ verb }) => verb === 'apply' || verb === 'delete').map(({ object }) => object);
  return [...applied, ...live.filter((each) => !findLive(touched, each))];
}

/** Made where it is not there yet, and left alone from then on. @param live objects of its kind */
export function planOnce(object: KubeObject, live: readonly KubeObject[]): Action[] {
  const { namespace = '', name = '' } = object.metadata;
  return find(live, namespace, name) ? [] : [{ verb: 'create', object }];
}
