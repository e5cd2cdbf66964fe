// What the sidecar's loops know, in one place. Room: agent (door).
import type { StorageProbe } from '../api/protected-database.ts';
import type { ClusterIdentity } from '../lib/cluster-identity.ts';
import type { Archiving } from '../lib/letting-go.ts';
import type { WalView } from '../lib/wal-backlog.ts';
import type { Observed } from '../tools/postgres.ts';
import type { DaemonWatch } from './daemon-decision.ts';
import type { Pulse } from './heartbeat.ts';
import type { LettingGoRecord } from './letting-go-record.ts';
import type { RestOutcome } from './settings.ts';
import type { StorageSecrets } from './storage.ts';
import type { Asked } from './storage-schedule.ts';
import type { StuckSegment } from './torn-segment.ts';

/** What the sidecar's loops found last. */
export interface State {
  identity?: ClusterIdentity | undefined;
  credentials?: StorageSecrets['credentials'];
  encryptionKeyId?: StorageSecrets['encryptionKeyId'];
  lack?: StorageSecrets['lack'];
  /** What the store answered last, for whom it was asked, and the question that is under way. */
  storage?: StorageProbe | undefined;
  asked?: Asked;
  asking?: Promise<void> | undefined;
  /** Random, of this run: by it the sidecar knows the owner's record for its own. */
  writer?: string;
  /** Whether anybody has ever archived below the prefix: as the store said last. */
  owned?: { readonly prefix: string; readonly isOwned: boolean };
  /** Where this one may archive, and with which key. */
  clearance?: Clearance | undefined;
  /** Why it may not: another one writes there. */
  refused?: string | undefined;
  /** Why the recovery that is asked for is not served. */
  unserved?: string | undefined;
  observed?: Observed | undefined;
  /** What Postgres said last of its archive_command; it stays when Postgres has ended. */
  isCommandOurs?: boolean | undefined;
  wal?: WalView | undefined;
  /** Since when Postgres has been seen to archive by our command. */
  archiving?: Archiving | undefined;
  /** onStorageFull: dropAndRebase. The record is the last one of this database. */
  lettingGo?: { readonly isOn: boolean; readonly record?: LettingGoRecord };
  /** When WAL was let go last: RFC 3339. */
  droppedAt?: string;
  watch?: DaemonWatch | undefined;
  /** The segment that cannot be archived, and what lies in the store under its name. */
  stuck?: StuckSegment | undefined;
  pulse?: Pulse | undefined;
  /** What came of Patroni's REST API, where settings go through it. */
  rest?: RestOutcome | undefined;
  message?: string | undefined;
}

export interface Clearance {
  readonly prefix: string;
  readonly encryptionKeyId?: string;
}
