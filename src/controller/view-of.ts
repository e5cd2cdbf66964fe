// The world as one database, or one Restore, sees it: a view over the caches, and what is read for it alone.
// Room: controller (door).
import type { KubeObject, PersistentVolumeClaim, StatefulSet } from '../api/kubernetes.ts';
import type { RestoreProgress } from '../api/reports.ts';
import type { Restore } from '../api/restore.ts';
import { restoreJobName } from '../companion/instance.ts';
import type { Kube } from '../kube/client.ts';
import { destinationName } from '../lib/restore-spec.ts';
import { type Caches, databaseWord } from './caches.ts';
import type { DrillPlaces } from './drill-places.ts';
import type { Subject } from './key.ts';
import { findRestoreJob } from './restore-job.ts';
import type { SidecarOptions, Sidecars } from './sidecars.ts';
import { find, isUnfinished, type World } from './world.ts';

export interface Sources {
  readonly kube: Pick<Kube, 'get' | 'list'>;
  readonly caches: Caches;
  readonly sidecars: Pick<Sidecars, 'answers'>;
  /** Asks one pod of ours; never rejects. */
  readonly ask: SidecarOptions['ask'];
  /** walguard's own image. */
  readonly image: string;
  /** As of World. */
  readonly makesSecrets: boolean;
  readonly places: Pick<DrillPlaces, 'find'>;
}

/** @param now RFC 3339 */
export async function viewOf({ kind, namespace, name }: Subject, sources: Sources, now: string): Promise<World> {
  const { caches } = sources;
  if (kind === 'database') {
    const seen = viewDatabases(namespace, [name], sources, now);
    const world = { ...seen, places: sources.places.find(namespace, name) };
    // Is a StatefulSet that no cache has gone, or did it only lose its policy?
    const isAmiss = world.statefulSets.length === 0 && world.databases.length > 0;
    return isAmiss ? withStatefulSets(world, namespace, [name], sources) : world;
  }
  const restore = caches.restores.store.get(namespace, name);
  if (!restore) return viewDatabases(namespace, [], sources, now);
  const databases = [...new Set([restore.spec.source.database, destinationName(restore.spec)])];
  const world = viewDatabases(namespace, databases, sources, now);
  if (!isUnfinished(restore)) return world;
  const gathered = await withClaims(await withStatefulSets(world, namespace, databases, sources), restore, sources);
  return withProgress(gathered, restore, sources);
}

function viewDatabases(namespace: string, names: readonly string[], sources: Sources, now: string): World {
  const { caches, sidecars, image, makesSecrets } = sources;
  const words = names.map((name) => databaseWord(namespace, name));
  // Copies, because what is packed is parsed at each reading.
  const named = <T extends object>({ store }: { store: { get: (namespace: string, name: string) => T | undefined } }) =>
    names.flatMap((name) => store.get(namespace, name) ?? []).map((each) => ({ ...each }));
  const serving = <T extends object>({ store }: { store: { find: (word: string) => T[] } }) =>
    words.flatMap(store.find).map((each) => ({ ...each }));
  return {
    now,
    image,
    makesSecrets,
    policies: caches.policies.store.list(),
    statefulSets: named(caches.statefulSets),
    databases: named(caches.databases),
    restores: caches.restores.store.find(namespace),
    companions: [...serving(caches.cronJobs), ...serving(caches.services)],
    jobs: serving(caches.jobs),
    pods: [...serving(caches.databasePods), ...serving(caches.jobPods)],
    claims: serving(caches.claims),
    places: new Map(),
    sidecars: new Map(words.flatMap((word) => [...sidecars.answers(word)])),
  };
}

/** Those that name no policy are in no cache. */
async function withStatefulSets(
  world: World,
  namespace: string,
  names: readonly string[],
  { kube }: Sources,
): Promise<World> {
  const missing = names.filter((name) => !find(world.statefulSets, namespace, name));
  const refs = missing.map((name) => ({ apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { namespace, name } }));
  const found = await Promise.all(refs.map((ref) => kube.get<StatefulSet>(ref)));
  return { ...world, statefulSets: [...world.statefulSets, ...found.filter((each) => each !== undefined)] };
}

/** A Restore that has not begun looks for the claim that it copies, and for one that is in its way: anybody's. */
async function withClaims(world: World, { metadata }: Restore, { kube }: Sources): Promise<World> {
  const namespace = metadata.namespace ?? '';
  if (find(world.jobs, namespace, restoreJobName(metadata.name ?? ''))) return world;
  const kind = { apiVersion: 'v1', kind: 'PersistentVolumeClaim' };
  const claims = await kube.list<PersistentVolumeClaim & KubeObject>(kind, { namespace });
  return { ...world, claims };
}

async function withProgress(world: World, restore: Restore, { ask }: Sources): Promise<World> {
  const { status } = findRestoreJob(restore, world).jobPod ?? {};
  const podIP = status?.phase === 'Running' ? status.podIP : undefined;
  if (podIP === undefined) return world;
  return { ...world, progress: (await ask(podIP)) as RestoreProgress | string };
}
