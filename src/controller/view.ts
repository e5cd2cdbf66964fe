// One database as its planners see it. Room: controller (door).
import type { StatefulSet } from '../api/kubernetes.ts';
import type { Instance as ObservedInstance, ProtectedDatabase } from '../api/protected-database.ts';
import type { Instance, Subject } from '../companion/instance.ts';
import type { Action } from './action.ts';
import { find, type World } from './world.ts';

export interface DatabaseView {
  readonly subject: Subject;
  /** The database pods that there should be. */
  readonly instances: readonly Instance[];
  /** What is known of each pod, those that were scaled away included. */
  readonly known: readonly ObservedInstance[];
  /** Pods that were scaled away. */
  readonly retired: readonly ObservedInstance[];
  readonly world: World;
}

/** What one kind of companion of a database needs done. */
export type Planner = (view: DatabaseView) => Action[];

export function findDatabase(
  { metadata }: StatefulSet,
  { databases }: Pick<World, 'databases'>,
): ProtectedDatabase | undefined {
  return find(databases, metadata.namespace ?? '', metadata.name ?? '');
}
