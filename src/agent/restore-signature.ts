// Whose record of a restore is followed: the restore job's, who has the storage Secret as the sidecar has, and the database has
// not. It lies in the data directory, where the database can write what it likes. Room: agent (door).
import { createHmac, timingSafeEqual } from 'node:crypto';
import { RESTORE_RECORD } from '../api/names.ts';
import type { RestoreRecord } from '../api/reports.ts';
import type { ClusterIdentity } from '../lib/cluster-identity.ts';
import { isObject, toStableJson } from '../lib/json.ts';
import type { AgentContext } from './context.ts';
import { deriveKey } from './derived-key.ts';
import type { Credentials } from './storage.ts';

export function signRecord(record: Omit<RestoreRecord, 'signature'>, credentials: Credentials): RestoreRecord {
  return { ...record, signature: digest(record, credentials).toString('hex') };
}

/** HMAC-SHA256 over all of it but the signature. */
function digest(record: object, credentials: Credentials): Buffer {
  return createHmac('sha256', deriveKey(credentials, 'restore')).update(toStableJson(record)).digest();
}

function isSigned(record: object, credentials: Credentials): boolean {
  const { signature, ...signed } = record as Partial<RestoreRecord>;
  if (typeof signature !== 'string' || !/^[0-9a-f]{64}$/.test(signature)) return false;
  return timingSafeEqual(Buffer.from(signature, 'hex'), digest(signed, credentials));
}

export interface Asker extends Pick<AgentContext, 'namespace' | 'database'> {
  readonly identity: ClusterIdentity;
  readonly credentials: Credentials;
  /** Has anybody ever archived below the own prefix? Undefined while the store has not said. */
  readonly isOwned: boolean | undefined;
}

/**
 * Why a recovery by this record is not served; undefined where it is, from just the prefix that the record names.
 *
 * | signature           | namespace and StatefulSet | system identifier | own prefix has had an owner | served            |
 * | none                |                           |                   |                             | no                |
 * | another key's, torn |                           |                   |                             | no                |
 * | holds               | another's                 |                   |                             | no                |
 * | holds               | this one's                | another           |                             | no                |
 * | holds               | this one's                | this one's        | not known yet               | no, for now       |
 * | holds               | this one's                | this one's        | yes                         | no: it is over    |
 * | holds               | this one's                | this one's        | no                          | yes               |
 *
 * A record without a StatefulSet, of a claim alone, is any one's of its namespace. An owner is noted in the store only once Postgres
 * is promoted (storage-probe.ts): so a record that is put back then opens nothing any more.
 */
export function explainUnserved(record: unknown, asker: Asker): string | undefined {
  const why = findObjection(record, asker);
  return why && `${RESTORE_RECORD} in the data directory asks for a recovery, which is not served: ${why}`;
}

function findObjection(record: unknown, asker: Asker): string | undefined {
  if (!isObject(record) || record.signature === undefined)
    return 'it is not signed, so an older walguard has written it, or not walguard at all. Restore again, or remove the file';
  if (!isSigned(record, asker.credentials))
    return 'its signature is not by the storage credentials that are mounted here. Were they changed since the restore, put the former ones back until it is complete, or restore again; else remove the file';
  const { namespace, database, systemIdentifier } = record as unknown as RestoreRecord;
  if (namespace !== asker.namespace || (database !== undefined && database !== asker.database))
    return `it was made for ${namespace}/${database ?? ''}, and this is ${asker.namespace}/${asker.database}. Start that one on these data, or restore into this one`;
  if (systemIdentifier !== asker.identity.systemIdentifier)
    return `it was made for cluster ${systemIdentifier}, and these data are of ${asker.identity.systemIdentifier}. Remove the file`;
  if (asker.isOwned === undefined)
    return 'the store has not said yet whether that restore is complete. It is asked again';
  if (asker.isOwned)
    return 'this database has archived on its own since, so that restore is complete. Remove the file; for another recovery, restore again';
  return undefined;
}
