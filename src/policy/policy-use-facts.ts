// What the rules over a change of a BackupPolicy that databases name are told. Room: policy (pure).
import type { ProtectedDatabase } from '../api/protected-database.ts';
import { isGone } from './restore-facts.ts';

export interface PolicyUseFacts {
  /** Of the BackupPolicy. */
  readonly name: string;
  readonly operation: 'UPDATE' | 'DELETE';
  /** Where it puts backups, before and after; undefined where it says nothing of that. */
  readonly oldPlace: string | undefined;
  readonly newPlace: string | undefined;
  /** `namespace/name` of the databases that it protects, sorted. */
  readonly users: readonly string[];
}

export function listUsers(name: string, databases: readonly ProtectedDatabase[]): string[] {
  return databases
    .filter((database) => database.status?.policy === name && !isGone(database))
    .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
    .sort();
}

const NAMED = 5;

/** `2 databases (shop/carts, shop/orders)`; of many only the first few by name. */
export function describeUsers(users: readonly string[]): string {
  const more = users.length > NAMED ? ` and ${users.length - NAMED} more` : '';
  return `${users.length} ${users.length === 1 ? 'database' : 'databases'} (${users.slice(0, NAMED).join(', ')}${more})`;
}
