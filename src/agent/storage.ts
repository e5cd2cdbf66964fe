// Credentials from mounted files, and the engine's environment. Room: agent (door).
import { createHash } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { CREDENTIAL_KEYS, ENCRYPTION_KEY, STORAGE_DIR } from '../api/names.ts';
import { readPassword } from '../tools/connection.ts';
import type { AgentContext } from './context.ts';

export type Credentials = Readonly<Record<(typeof CREDENTIAL_KEYS)[number], string>>;

/** Undefined while the Secret is not there or lacks a key. Read anew each time, so that a rotated Secret is taken up. */
export async function readCredentials(directory = STORAGE_DIR): Promise<Credentials | undefined> {
  // The kubelet swaps all entries of a volume at once, by this link: one half of a rotation must not be read with the other.
  const before = await currentVersion(directory);
  const values = await Promise.all(
    CREDENTIAL_KEYS.map((key) => readFile(join(directory, key), 'utf8').catch(() => '')),
  );
  if (before !== (await currentVersion(directory))) return readCredentials(directory);
  if (values.some((value) => value.trim() === '')) return undefined;
  return Object.fromEntries(
    CREDENTIAL_KEYS.map((key, index) => [key, values[index]?.trim()]),
  ) as unknown as Credentials;
}

function currentVersion(directory: string): Promise<string | undefined> {
  return readlink(join(directory, '..data')).catch(() => undefined);
}

/** What the sidecar has, or in words what it lacks. */
export interface StorageSecrets {
  readonly credentials?: Credentials | undefined;
  readonly encryptionKeyId?: string | undefined;
  readonly lack?: { readonly reason: 'CredentialsMissing' | 'KeyMissing'; readonly message: string } | undefined;
}

/** No credentials where a key is wanted and missing: then nothing is to be written at all. */
export async function readSecrets(env: NodeJS.ProcessEnv, directory = STORAGE_DIR): Promise<StorageSecrets> {
  const credentials = await readCredentials(directory);
  if (!credentials) return { lack: { reason: 'CredentialsMissing', message: NO_CREDENTIALS } };
  try {
    return { credentials, encryptionKeyId: await readEncryptionKeyId(env) };
  } catch (error) {
    return { lack: { reason: 'KeyMissing', message: (error as Error).message } };
  }
}

export async function requireCredentials(): Promise<Credentials> {
  const credentials = await readCredentials();
  if (credentials) return credentials;
  throw new Error(NO_CREDENTIALS);
}

/**
 * Fingerprint of the key that the policy's encryption names, as the engine is told where it is; undefined where nothing is
 * to be encrypted. Throws where the key is not there or is none: the engine would refuse it too, and nothing is ever
 * written in clear instead.
 */
export async function readEncryptionKeyId({
  WALG_LIBSODIUM_KEY_PATH: path,
}: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (!path) return undefined;
  const key = (await readFile(path, 'utf8').catch(() => '')).trim();
  if (!/^[0-9a-f]{64}$/i.test(key)) throw new Error(NO_KEY);
  return createHash('sha256').update(`walguard encryption key ${key.toLowerCase()}`).digest('hex').slice(0, 16);
}

export const NO_KEY = `no encryption key: the Secret of the policy's encryption is missing in this namespace, or its entry "${ENCRYPTION_KEY}" is not 64 hexadecimal digits; nothing is written without it`;

export const NO_CREDENTIALS = `no storage credentials: the Secret named by the policy is missing in this namespace, or lacks ${CREDENTIAL_KEYS.join(' or ')}`;

const PASSED_ON = /^(AWS_|WALG_|GOMEMLIMIT$|HOME$|USER$|PATH$|SSL_CERT)/;

/** What the engine sees: storage and limits, and SQL access only where the caller adds it. */
export function buildEngineEnv(context: AgentContext, prefix: string, credentials: Credentials): NodeJS.ProcessEnv {
  const passed = Object.entries(context.env).filter(([name]) => PASSED_ON.test(name));
  // Without colour codes, which would be noise in a JSON log.
  const own = { PGDATA: context.pgdata, WALG_S3_PREFIX: prefix, NO_COLOR: '1' };
  return { ...Object.fromEntries(passed), ...credentials, ...own };
}

/** SQL access for the engine, by libpq's variables. */
export async function buildConnectionEnv({ connection }: AgentContext): Promise<NodeJS.ProcessEnv> {
  const { host, port, user } = connection;
  const password = await readPassword(connection);
  return {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGDATABASE: 'postgres',
    ...(password === undefined ? {} : { PGPASSWORD: password }),
  };
}
