// Which of the engine's daemons should run. No I/O. Room: agent (door).
import {
  ANNOTATION,
  ARCHIVE_ENGINE_SOCKET,
  ARCHIVE_SOCKET,
  RECOVERY_ENGINE_SOCKET,
  RECOVERY_SOCKET,
  RESTORE_RECORD,
} from '../api/names.ts';
import type { RestoreRecord } from '../api/reports.ts';
import { buildStoragePrefix, type ClusterIdentity, findCluster } from '../lib/cluster-identity.ts';
import type { AgentContext } from './context.ts';
import type { State } from './state.ts';
import type { Credentials } from './storage.ts';

export type Role = 'archive' | 'recovery';

export interface DesiredDaemon {
  readonly role: Role;
  /** Where the database reaches it, through the gate. */
  readonly socket: string;
  /** Beginning of where the engine listens itself. */
  readonly engineSocket: string;
  readonly prefix: string;
  readonly credentials: Credentials;
  /** Fingerprint of the key that it encrypts with: another key needs another daemon. */
  readonly encryptionKeyId?: string;
}

type Place = Pick<AgentContext, 'policyPrefix' | 'namespace' | 'database'> & Pick<Partial<AgentContext>, 'restoreFrom'>;

/**
 * | data initialised | recovery asked for  | secrets | this one may write its prefix | daemons                          |
 * | no               |                     |         |                               | none                             |
 * | yes              | any                 | no      |                               | none                             |
 * | yes              | no                  | yes     | no, or not known yet          | none                             |
 * | yes              | no                  | yes     | yes                           | archive (own prefix)             |
 * | yes              | yes                 | yes     | no, or not known yet          | recovery (the source's)          |
 * | yes              | yes                 | yes     | yes                           | archive, recovery (the source's) |
 * | yes              | from a foreign one  | any     | any                           | as if none were asked for        |
 */
export function planDaemons(
  context: Place,
  identity: ClusterIdentity | undefined,
  restore: RestoreRecord | undefined,
  { credentials, encryptionKeyId, clearance }: Pick<State, 'credentials' | 'encryptionKeyId' | 'clearance'>,
): DesiredDaemon[] {
  if (!identity || !credentials) return [];
  const secrets = { credentials, ...(encryptionKeyId === undefined ? {} : { encryptionKeyId }) };
  const prefix = buildStoragePrefix(context.policyPrefix, context.namespace, context.database, identity);
  const mayWrite = clearance?.prefix === prefix && clearance.encryptionKeyId === encryptionKeyId;
  const archive: DesiredDaemon = { role: 'archive', ...ARCHIVE_SOCKETS, prefix, ...secrets };
  const archives = mayWrite ? [archive] : [];
  if (!restore || explainForeignSource(context, restore) !== undefined) return archives;
  return [...archives, { role: 'recovery', ...RECOVERY_SOCKETS, prefix: restore.storagePrefix, ...secrets }];
}

const ARCHIVE_SOCKETS = { socket: ARCHIVE_SOCKET, engineSocket: ARCHIVE_ENGINE_SOCKET };
const RECOVERY_SOCKETS = { socket: RECOVERY_SOCKET, engineSocket: RECOVERY_ENGINE_SOCKET };

/** Why the source of a data directory's record is not served; undefined where it is. */
export function explainForeignSource(place: Place, { storagePrefix }: RestoreRecord): string | undefined {
  if (isOpenTo(place, storagePrefix)) return undefined;
  return `${RESTORE_RECORD} in the data directory asks for a recovery from ${JSON.stringify(storagePrefix)?.slice(0, 200)}, which is no other database of this namespace under the policy's prefix: it is not served. Remove the file; or let it, by the annotation ${ANNOTATION.restoreFrom} of the StatefulSet`;
}

/**
 * From which prefixes a database may be recovered. The record of that lies in the data directory, where the database can write
 * what it likes, so it opens no more than a restore could: another database of this namespace, below the policy's prefix. Not
 * this database's own archive: what it pushed must not come back (gate-rules.ts). Further only with the consent of the injected
 * template, which the database cannot write: a Restore from a prefix leaves it there.
 *
 * | the template names just this prefix | below the policy's prefix, made as prefixes are | namespace | database | open |
 * |                                     | yes                                             | this one  | this one | no   |
 * |                                     | yes                                             | this one  | another  | yes  |
 * | yes                                 | anything else                                   |           |          | yes  |
 * | no                                  | anything else                                   |           |          | no   |
 */
export function isOpenTo(place: Place, storagePrefix: string): boolean {
  const source = findCluster(place.policyPrefix, storagePrefix);
  if (source?.namespace === place.namespace) return source.database !== place.database;
  return place.restoreFrom !== undefined && place.restoreFrom === storagePrefix;
}
