// A Kubernetes API of a few objects in memory. It keeps what is written, in order; and can be told to fail.
import type { KubeObject, ObjectRef } from '../../src/api/kubernetes.ts';
import { type Kube, KubeError } from '../../src/kube/client.ts';

export interface Write {
  readonly verb: 'create' | 'replace' | 'apply' | 'applyStatus' | 'remove' | 'scale';
  readonly object: KubeObject;
}

export interface FakeKube extends Kube {
  readonly writes: Write[];
  readonly objects: KubeObject[];
  /** From now on each call ends with this error; undefined heals it. */
  failWith: (error: Error | undefined) => void;
}

function isSame(object: KubeObject, { apiVersion, kind, metadata }: ObjectRef): boolean {
  return (
    object.apiVersion === apiVersion &&
    object.kind === kind &&
    object.metadata.name === metadata.name &&
    object.metadata.namespace === metadata.namespace
  );
}

/** Server-side apply, as far as walguard uses it: objects merge, lists of named items merge by name. */
export function merge(live: unknown, applied: unknown): unknown {
  if (isNamedList(live) && isNamedList(applied)) {
    const changed = live.map((item) => {
      const other = applied.find(({ name }) => name === item.name);
      return other ? merge(item, other) : item;
    });
    return [...changed, ...applied.filter(({ name }) => !live.some((item) => item.name === name))];
  }
  if (!isRecord(live) || !isRecord(applied)) return applied;
  const merged = Object.entries(applied).map(([key, value]) => [key, merge(live[key], value)] as const);
  return { ...live, ...Object.fromEntries(merged) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Owner references go by their uids, and are all walguard's own where it writes them. */
function isNamedList(value: unknown): value is { name: string }[] {
  const isNamed = (item: unknown) => isRecord(item) && typeof item.name === 'string' && item.uid === undefined;
  return Array.isArray(value) && value.every(isNamed);
}

export function createFakeKube(...initial: KubeObject[]): FakeKube {
  const objects = structuredClone(initial);
  const writes: Write[] = [];
  let failure: Error | undefined;

  async function answer<T>(give: () => T): Promise<T> {
    if (failure) throw failure;
    return structuredClone(give());
  }

  let version = 0;
  function put(object: KubeObject, change = merge): KubeObject {
    const at = objects.findIndex((each) => isSame(each, object));
    const stored = structuredClone(at < 0 ? object : (change(objects[at], object) as KubeObject));
    stored.metadata.resourceVersion = `${++version}`;
    objects[at < 0 ? objects.length : at] = stored;
    return stored;
  }

  function refuseStale(object: KubeObject): void {
    const { resourceVersion } = object.metadata;
    const live = objects.find((each) => isSame(each, object));
    if (resourceVersion === undefined || live?.metadata.resourceVersion === resourceVersion) return;
    throw new KubeError(409, 'the object has been modified');
  }

  return {
    objects,
    writes,
    failWith: (error) => {
      failure = error;
    },
    get: (ref) => answer(() => objects.find((each) => isSame(each, ref))) as Promise<never>,
    list: ({ apiVersion, kind }, { namespace } = {}) =>
      answer(() =>
        objects.filter(
          (each) =>
            each.apiVersion === apiVersion &&
            each.kind === kind &&
            (namespace === undefined || each.metadata.namespace === namespace),
        ),
      ) as Promise<never>,
    create: (object) =>
      answer(() => {
        if (objects.some((each) => isSame(each, object))) throw new KubeError(409, 'already exists');
        writes.push({ verb: 'create', object });
        return put(object) as typeof object;
      }),
    replace: (object) =>
      answer(() => {
        refuseStale(object);
        writes.push({ verb: 'replace', object });
        return put(object, (_live, whole) => whole) as typeof object;
      }),
    apply: (object) =>
      answer(() => {
        refuseStale(object);
        writes.push({ verb: 'apply', object });
        return put(object);
      }),
    applyStatus: (object) =>
      answer(() => {
        writes.push({ verb: 'applyStatus', object });
        return put(object);
      }),
    scale: (object) =>
      answer(() => {
        writes.push({ verb: 'scale', object });
        put(object);
      }),
    remove: (object) =>
      answer(() => {
        const at = objects.findIndex((each) => isSame(each, object));
        if (at < 0) return;
        if (objects[at]?.metadata.uid !== object.metadata.uid) throw new KubeError(409, 'another object');
        writes.push({ verb: 'remove', object });
        objects.splice(at, 1);
      }),
    watch: () => undefined,
  };
}
