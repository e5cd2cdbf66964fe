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

/** `<policy prefix>/<namespace>/<statefulset>/<PG major>/<system identifier>`: no two clusters ever share one. */
export function buildStoragePrefix(
  policyPrefix: string,
  namespace: string,
  database: string,
  identity: ClusterIdentity,
): string {
  const base = policyPrefix.replace(/\/+$/, '');
  return `${base}/${namespace}/${database}/${identity.major}/${identity.systemIdentifier}`;
}

/** The identity in a prefix that buildStoragePrefix made; throws on any other text. */
export function parseStoragePrefix(prefix: string): ClusterIdentity {
  const [, major, systemIdentifier] = /\/(\d+)\/(\d+)$/.exec(prefix) ?? [];
  if (!major || !systemIdentifier) throw new Error(`"${prefix}" does not end in a PG major and a system identifier`);
  return { major: Number(major), systemIdentifier };
}
