// Which Postgres cluster a data directory holds, and where it archives. Room: lib (pure).
import { isObject } from './json.ts';

export interface ClusterIdentity {
  /** PG major version, such as 15. */
  readonly major: number;
  /** Unsigned 64-bit integer in decimal; a string because it exceeds 2^53. */
  readonly systemIdentifier: string;
  /**
   * Which restore made it what it is, such as r20261121201533; undefined where none did. A restored cluster has its source's system
   * identifier, and may have its names, and must never archive where its source did. No `?`: it is not to be forgotten.
   */
  readonly incarnation: string | undefined;
}

const INCARNATION = /^[a-z0-9]{1,20}$/;

/** By when the restore began: RFC 3339. */
export function nameIncarnation(startedAt: string): string {
  return `r${startedAt.replaceAll(/\D/g, '').slice(0, 14)}`;
}

/**
 * That the record of a restore names, which lies in the data directory; undefined for one of an older walguard, or none.
 *
 * @throws Error where it cannot be told: then nothing is to be written anywhere
 */
export function readIncarnation(record: unknown): string | undefined {
  if (record === undefined) return undefined;
  const incarnation = isObject(record) ? record.incarnation : null;
  if (incarnation === undefined) return undefined;
  if (typeof incarnation === 'string' && INCARNATION.test(incarnation)) return incarnation;
  throw new Error(
    'the record of a restore in the data directory names no incarnation that could be one, so nobody knows where this database archives',
  );
}

/** Names one cluster among all that have the same names: `<system identifier>`, and `-<incarnation>` where it was restored. */
export function clusterIdOf({ systemIdentifier, incarnation }: Omit<ClusterIdentity, 'major'>): string {
  return incarnation === undefined ? systemIdentifier : `${systemIdentifier}-${incarnation}`;
}

/** A cluster's id, as a pattern without anchors. */
const CLUSTER_ID = '(\\d{1,20})(?:-([a-z0-9]{1,20}))?';

const PREFIX_END = new RegExp(`/(\\d{1,4})/${CLUSTER_ID}$`);

/** Of one cluster; not, say, the folder of all clusters of a database. */
export function isStoragePrefix(prefix: string): boolean {
  return PREFIX_END.test(prefix);
}

/**
 * Reads the identity from PG_VERSION and global/pg_control, whose first eight bytes are the system identifier in the
 * server's byte order (little-endian on every platform that walguard's image is built for).
 * Undefined while initdb has not got that far.
 *
 * @param record of the restore that made it, where one did
 */
export function parseClusterIdentity(
  pgVersion: string,
  pgControl: Uint8Array,
  record?: unknown,
): ClusterIdentity | undefined {
  const major = /^(\d+)/.exec(pgVersion.trim())?.[1];
  if (!major || pgControl.byteLength < 8) return undefined;
  const view = new DataView(pgControl.buffer, pgControl.byteOffset, pgControl.byteLength);
  const systemIdentifier = view.getBigUint64(0, true);
  if (systemIdentifier === 0n) return undefined;
  return { major: Number(major), systemIdentifier: systemIdentifier.toString(), incarnation: readIncarnation(record) };
}

/**
 * `<policy prefix>/<namespace>/<statefulset>/<PG major>/<cluster id>`: no two clusters ever share one.
 *
 * @throws Error where the identity is none: it may be the answer of a server, and a path must not be led elsewhere by one
 */
export function buildStoragePrefix(
  policyPrefix: string,
  namespace: string,
  database: string,
  identity: ClusterIdentity,
): string {
  const { major } = identity;
  const id = clusterIdOf(identity);
  if (!(Number.isSafeInteger(major) && major > 0 && new RegExp(`^${CLUSTER_ID}$`).test(id)))
    throw new Error(`PG major ${JSON.stringify(major)} with id ${JSON.stringify(id)} is no cluster's identity`);
  return `${withoutSlash(policyPrefix)}/${namespace}/${database}/${major}/${id}`;
}

/**
 * `<policy prefix>/<namespace>/<statefulset>/evidence`: beside the clusters of a database, because it outlives each of them.
 *
 * @throws Error where a name is none: a path must not be led elsewhere by one
 */
export function buildEvidencePrefix(policyPrefix: string, namespace: string, database: string): string {
  for (const name of [namespace, database]) {
    if (!/^[a-z0-9][a-z0-9.-]*$/.test(name))
      throw new Error(`${JSON.stringify(name)} is no name of a namespace or a StatefulSet`);
  }
  return `${withoutSlash(policyPrefix)}/${namespace}/${database}/${EVIDENCE_FOLDER}`;
}

const EVIDENCE_FOLDER = 'evidence';

/** The same of the database that a cluster is of, by the cluster's prefix. */
export function evidencePrefixOf(storagePrefix: string): string {
  return storagePrefix.replace(PREFIX_END, `/${EVIDENCE_FOLDER}`);
}

function withoutSlash(policyPrefix: string): string {
  return policyPrefix.replace(/\/+$/, '');
}

/** Is it one of this database's clusters, below whatever policy's prefix? */
export function isOfDatabase(prefix: string, namespace: string, database: string): boolean {
  const end = prefix.split('/').slice(-4);
  return (
    end[0] === namespace && end[1] === database && new RegExp(`^\\d{1,4}/${CLUSTER_ID}$`).test(end.slice(2).join('/'))
  );
}

/** The identity in a prefix that buildStoragePrefix made; throws on any other text. */
export function parseStoragePrefix(prefix: string): ClusterIdentity {
  const [, major, systemIdentifier, incarnation] = PREFIX_END.exec(prefix) ?? [];
  if (!major || !systemIdentifier) throw new Error(`"${prefix}" does not end in a PG major and a cluster's id`);
  return { major: Number(major), systemIdentifier, incarnation };
}
