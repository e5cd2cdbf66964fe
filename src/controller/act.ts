// Carries out what was decided for one key, in that order. Room: controller (door).
import type { KubeObject } from '../api/kubernetes.ts';
import { type Kube, KubeError } from '../kube/client.ts';
import { shortHash, toStableJson } from '../lib/json.ts';
import type { Logger } from '../telemetry/log.ts';
import { type Action, isDeletable } from './action.ts';
import { APPLIED, findLive } from './apply.ts';
import { slim } from './caches.ts';
import { mintSecret } from './secrets.ts';

export interface Actor {
  /**
   * @param live what the decision was made from
   * @returns what the API server made of the object; undefined where nothing was written
   */
  readonly act: (action: Action, live: readonly KubeObject[]) => Promise<KubeObject | undefined>;
}

export function createActor(kube: Kube, log: Logger): Actor {
  /** By object: what became of our last apply. */
  const outcomes = new Map<string, string>();

  /**
   * Where what we apply comes back as something else each time (a mutating webhook of somebody's, a number that the API
   * server writes in its own way), to apply it again changes nothing: it would go on like that for ever.
   */
  function isFruitless({ object }: Action, live: readonly KubeObject[]): boolean {
    const found = findLive(live, object);
    const isSame = found?.metadata.annotations?.[APPLIED] === object.metadata.annotations?.[APPLIED];
    return found !== undefined && isSame && outcomes.get(nameOf(object)) === fingerprint(found);
  }

  async function write(action: Action): Promise<KubeObject | undefined> {
    const { verb, object } = action;
    if (verb === 'create') return kube.create(object);
    if (verb === 'mint') return void (await kube.create(mintSecret(object)));
    if (verb === 'apply-status') return kube.applyStatus(object);
    if (verb === 'hold') return void (await kube.apply(object));
    if (verb === 'scale') return void (await kube.scale(object));
    if (verb === 'apply') {
      const made = await kube.apply(object);
      outcomes.set(nameOf(object), fingerprint(made));
      return made;
    }
    if (!isDeletable(object)) throw new Error(`${nameOf(object)} is not ours to delete`);
    outcomes.delete(nameOf(object));
    await kube.remove(object);
    return undefined;
  }

  return {
    act: async (action, live) => {
      const { verb, object } = action;
      if (verb === 'apply' && isFruitless(action, live)) return undefined;
      const { kind, metadata } = object;
      const what = { verb, kind, namespace: metadata.namespace, name: metadata.name };
      try {
        const made = await write(action);
        log.info(what, 'done');
        return made;
      } catch (error) {
        if (!(error instanceof KubeError && error.status === 409)) throw error;
        // It is there already, or it is another one by now: either way the caches will tell.
        if (verb !== 'apply' && verb !== 'apply-status' && verb !== 'hold') return undefined;
        throw error;
      }
    },
  };
}

function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind}/${metadata.namespace}/${metadata.name}`;
}

/** Of all that a person can change. */
function fingerprint(object: KubeObject): string {
  const { metadata, status: _status, ...rest } = slim(object);
  const { labels, annotations, ownerReferences } = metadata;
  return shortHash(toStableJson({ ...rest, labels, annotations, ownerReferences }));
}
