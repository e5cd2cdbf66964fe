// Which of the engine's daemons should run. No I/O. Room: agent (door).
import { ARCHIVE_SOCKET, RECOVERY_SOCKET } from '../api/names.ts';
import type { RestoreRecord } from '../api/reports.ts';
import { buildStoragePrefix, type ClusterIdentity } from '../lib/cluster-identity.ts';
import type { AgentContext } from './context.ts';
import type { State } from './state.ts';
import type { Credentials } from './storage.ts';

export type Role = 'archive' | 'recovery';

export interface DesiredDaemon {
  readonly role: Role;
  readonly socket: string;
  readonly prefix: string;
  readonly credentials: Credentials;
  /** Fingerprint of the key that it encrypts with: another key needs another daemon. */
  readonly encryptionKeyId?: string;
}

/**
 * | data initialised | recovery asked for | secrets | this one may write its prefix | daemons                          |
 * | no               |                    |         |                               | none                             |
 * | yes              | any                | no      |                               | none                             |
 * | yes              | no                 | yes     | no, or not known yet          | none                             |
 * | yes              | no                 | yes     | yes                           | archive (own prefix)             |
 * | yes              | yes                | yes     | no, or not known yet          | recovery (the source's)          |
 * | yes              | yes                | yes     | yes                           | archive, recovery (the source's) |
 */
export function planDaemons(
  context: Pick<AgentContext, 'policyPrefix' | 'namespace' | 'database'>,
  identity: ClusterIdentity | undefined,
  restore: RestoreRecord | undefined,
  { credentials, encryptionKeyId, clearance }: Pick<State, 'credentials' | 'encryptionKeyId' | 'clearance'>,
): DesiredDaemon[] {
  if (!identity || !credentials) return [];
  const secrets = { credentials, ...(encryptionKeyId === undefined ? {} : { encryptionKeyId }) };
  const prefix = buildStoragePrefix(context.policyPrefix, context.namespace, context.database, identity);
  const mayWrite = clearance?.prefix === prefix && clearance.encryptionKeyId === encryptionKeyId;
  const archive: DesiredDaemon[] = mayWrite ? [{ role: 'archive', socket: ARCHIVE_SOCKET, prefix, ...secrets }] : [];
  if (!restore) return archive;
  return [...archive, { role: 'recovery', socket: RECOVERY_SOCKET, prefix: restore.storagePrefix, ...secrets }];
}
