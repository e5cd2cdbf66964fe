// One look at one database or Restore: gather, decide, act, and tell. Room: controller (door).
import type { KubeObject } from '../api/kubernetes.ts';
import { LABEL } from '../api/names.ts';
import type { ProtectedDatabase, ProtectedDatabaseStatus } from '../api/protected-database.ts';
import type { Restore, RestoreStatus } from '../api/restore.ts';
import { policyOf } from '../policy/policy-of.ts';
import type { Actor } from './act.ts';
import type { Action } from './action.ts';
import { type Caches, databaseWord, note } from './caches.ts';
import { decide } from './decide.ts';
import type { DrillPlaces } from './drill-places.ts';
import { listDatabaseNews, listRestoreNews } from './event-news.ts';
import type { Events } from './events.ts';
import { parseKey, type Subject } from './key.ts';
import type { Sidecars } from './sidecars.ts';
import { type Sources, viewOf } from './view-of.ts';
import { find, isUnfinished, namespaceOf, type World } from './world.ts';

export interface Reconciling extends Sources {
  readonly caches: Caches;
  readonly sidecars: Sidecars;
  readonly places: DrillPlaces;
  readonly actor: Actor;
  readonly events: Events;
  /** Called with the namespace of a protected database, before anything is done for it. */
  readonly prepare: (namespace: string) => void;
  /** RFC 3339. */
  readonly now: () => string;
  readonly random: () => number;
}

/** Conditions change by the mere passing of time, too. */
const RESYNC_MS = 30_000;
const RESTORE_RESYNC_MS = 5000;
/** What is gone only changes when it comes back, which is told. */
const GONE_RESYNC_MS = 600_000;

/** @returns milliseconds after which to look again, undefined for never; rejects where something could not be done */
export async function reconcile(key: string, context: Reconciling): Promise<number | undefined> {
  const subject = parseKey(key);
  if (subject.kind === 'database' && !followSidecars(subject, context)) return undefined;
  const world = await viewOf(subject, context, context.now());
  const live = [...world.companions, ...world.databases, ...world.restores, ...world.claims];
  const failures: Error[] = [];
  const broken = new Set<string | undefined>();
  for (const action of decide(subject, world)) {
    if (broken.has(action.sequence)) continue;
    try {
      const made = await context.actor.act(action, live);
      if (!made) continue;
      note(context.caches, made);
      // Of our own writes no watch tells.
      if (made.metadata.labels?.[LABEL.databaseNamespace] !== undefined) context.places.lookSoon();
      if (action.verb === 'apply-status') tell(action, made, world, context);
    } catch (error) {
      failures.push(describe(action, error as Error));
      // The steps of a Restore stand on one another; what a database needs does so where it says so.
      if (subject.kind === 'restore') break;
      if (action.sequence !== undefined) broken.add(action.sequence);
    }
  }
  if (failures[0]) throw failures[0];
  return againMs(subject, world, context.random());
}

/** @returns false while there are pods that could be asked and were not: their first answers bring the key again */
function followSidecars({ namespace, name }: Subject, { caches, sidecars, prepare }: Reconciling): boolean {
  const word = databaseWord(namespace, name);
  const isProtected = caches.statefulSets.store.get(namespace, name) !== undefined;
  if (isProtected) prepare(namespace);
  sidecars.follow(word, isProtected ? caches.databasePods.store.find(word) : []);
  return sidecars.areKnown(word);
}

function againMs({ kind, namespace, name }: Subject, world: World, random: number): number | undefined {
  const spread = 0.8 + random * 0.4;
  if (kind === 'restore') {
    const restore = find(world.restores, namespace, name);
    return restore && isUnfinished(restore) ? RESTORE_RESYNC_MS * spread : undefined;
  }
  if (policyOf(find(world.statefulSets, namespace, name))) return RESYNC_MS * spread;
  return world.databases.length > 0 ? GONE_RESYNC_MS * spread : undefined;
}

/** With the API server's own refusal in it, and what it wants the next try to wait for. */
function describe({ verb, object }: Action, error: Error): Error {
  const { kind, metadata } = object;
  const { retryAfterMs } = error as { retryAfterMs?: number };
  const described = new Error(`${verb} ${kind} ${metadata.namespace}/${metadata.name}: ${error.message}`);
  return Object.assign(described, { retryAfterMs });
}

/** Events stand with the StatefulSet, where people look first; without one with the ProtectedDatabase. */
function tell({ object }: Action, made: KubeObject, world: World, { events }: Reconciling): void {
  const namespace = namespaceOf(object);
  const name = object.metadata.name ?? '';
  if (object.kind === 'Restore') {
    const before = find(world.restores, namespace, name)?.status;
    events.tell(listRestoreNews(before, (object as Restore).status as RestoreStatus), made);
    return;
  }
  const before = find(world.databases, namespace, name)?.status;
  const news = listDatabaseNews(before, (object as ProtectedDatabase).status as ProtectedDatabaseStatus);
  const workload = find(world.statefulSets, namespace, name);
  if (workload) events.tell(news, workload, made);
  else events.tell(news, made);
}
