// Which Postgres cluster a data directory holds, and where it archives. Room: lib (pure).

export interface ClusterIdentity {
  /** PG major version, such as 15. */
  readonly major: number;
  /** Unsigned 64-bit integer in decimal; a string because it exceeds 2^53. */
  readonly systemIdentifier: string;
}

/**
 * Reads the identity from PG_VERSION and global/pg_control, whose first eight bytes are the system identifier in the
 * server's byte order (little-endian on every platform that walguard's image is built for).
 * Undefined while initdb has not got that far.
 */
export function parseClusterIdentity(pgVersion: string, pgControl: Uint8Array): ClusterIdentity | undefined {
  const major = /^(\d+)/.exec(pgVersion.trim())?.[1];
  if (!major || pgControl.byteLength < 8) return undefined;
  const view = new DataView(pgControl.buffer, pgControl.byteOffset, pgControl.byteLength);
  const systemIdentifier = view.getBigUint64(0, true);
  if (systemIdentifier === 0n) return undefined;
  return { major: Number(major), systemIdentifier: systemIdentifier.toString() };
}

/**
 * `<policy prefix>/<namespace>/<statefulset>/<PG major>/<system identifier>`: no two clusters ever share one.
 *
 * @throws Error where the identity is none: it may be the answer of a server, and a path must not be led elsewhere by one
 */
export function buildStoragePrefix(
  policyPrefix: string,
  namespace: string,
  database: string,
  identity: ClusterIdentity,
): string {
  const { major, systemIdentifier } = identity;
  if (!(Number.isSafeInteger(major) && major > 0 && /^\d{1,20}$/.test(systemIdentifier)))
    throw new Error(
      `PG major ${JSON.stringify(major)} with system identifier ${JSON.stringify(systemIdentifier)} is no cluster's identity`,
    );
  return `${withoutSlash(policyPrefix)}/${namespace}/${database}/${major}/${systemIdentifier}`;
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
  return `${withoutSlash(policyPrefix)}/${namespace}/${database}/evidence`;
}

function withoutSlash(policyPrefix: string): string {
  return policyPrefix.replace(/\/+$/, '');
}

/** Is it one of this database's clusters, below whatever policy's prefix? */
export function isOfDatabase(prefix: string, namespace: string, database: string): boolean {
  const end = prefix.split('/').slice(-4);
  return end[0] === namespace && end[1] === database && /^\d{1,4}\/\d{1,20}$/.test(end.slice(2).join('/'));
}

/** The identity in a prefix that buildStoragePrefix made; throws on any other text. */
export function parseStoragePrefix(prefix: string): ClusterIdentity {
  const [, major, systemIdentifier] = /\/(\d{1,4})\/(\d{1,20})$/.exec(prefix) ?? [];
  if (!major || !systemIdentifier) throw new Error(`"${prefix}" does not end in a PG major and a system identifier`);
  return { major: Number(major), systemIdentifier };
}
