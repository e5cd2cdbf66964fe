// Credentials from mounted files, and the engine's environment. Room: agent (door).
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CREDENTIAL_KEYS, STORAGE_DIR } from '../api/names.ts';
import { readPassword } from '../tools/connection.ts';
import type { AgentContext } from './context.ts';

export type Credentials = Readonly<Record<(typeof CREDENTIAL_KEYS)[number], string>>;

/** Undefined while the Secret is not there or lacks a key. Read anew each time, so that a rotated Secret is taken up. */
export async function readCredentials(directory = STORAGE_DIR): Promise<Credentials | undefined> {
  const values = await Promise.all(
    CREDENTIAL_KEYS.map((key) => readFile(join(directory, key), 'utf8').catch(() => '')),
  );
  if (values.some((value) => value.trim() === '')) return undefined;
  return Object.fromEntries(
    CREDENTIAL_KEYS.map((key, index) => [key, values[index]?.trim()]),
  ) as unknown as Credentials;
}

export const NO_CREDENTIALS = `no storage credentials: the Secret named by the policy is missing in this namespace, or lacks ${CREDENTIAL_KEYS.join(' or ')}`;

export async function requireCredentials(): Promise<Credentials> {
  const credentials = await readCredentials();
  if (credentials) return credentials;
  throw new Error(NO_CREDENTIALS);
}

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
