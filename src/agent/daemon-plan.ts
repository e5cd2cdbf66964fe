// Which of the engine's daemons should run. No I/O. Room: agent (door).
import { ARCHIVE_ENGINE_SOCKET, ARCHIVE_SOCKET, RECOVERY_ENGINE_SOCKET, RECOVERY_SOCKET } from '../api/names.ts';
import type { RestoreRecord } from '../api/reports.ts';
import { buildStoragePrefix, type ClusterIdentity } from '../lib/cluster-identity.ts';
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

type Place = Pick<AgentContext, 'policyPrefix' | 'namespace' | 'database'>;

/**
 * | data initialised | recovery asked for  | secrets | this one may write its prefix | daemons                          |
 * | no               |                     |         |                               | none                             |
 * | yes              | any                 | no      |                               | none                             |
 * | yes              | no                  | yes     | no, or not known yet          | none                             |
 * | yes              | no                  | yes     | yes                           | archive (own prefix)             |
 * | yes              | yes                 | yes     | no, or not known yet          | recovery (the source's)          |
 * | yes              | yes                 | yes     | yes                           | archive, recovery (the source's) |
 *
 * @param restore that is to be served: explainUnserved has nothing against it
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
  if (!restore) return archives;
  return [...archives, { role: 'recovery', ...RECOVERY_SOCKETS, prefix: restore.storagePrefix, ...secrets }];
}

const ARCHIVE_SOCKETS = { socket: ARCHIVE_SOCKET, engineSocket: ARCHIVE_ENGINE_SOCKET };
const RECOVERY_SOCKETS = { socket: RECOVERY_SOCKET, engineSocket: RECOVERY_ENGINE_SOCKET };
