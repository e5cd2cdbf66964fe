// A connection to Postgres: the password read anew each time, TLS where the server asks for it. Room: tools.
import { readFile } from 'node:fs/promises';
import pg from 'pg';
import type { Login } from '../flavour/flavour.ts';

/** A connected one. */
export type Client = pg.Client;

export interface Connection extends Login {
  readonly host: string;
  readonly port: number;
  /** postgres if not given. */
  readonly database?: string;
}

const CONNECT_TIMEOUT_MS = 3000;

/** Runs `use` with a connected client and always closes it. */
export async function withClient<T>(connection: Connection, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connect(connection);
  try {
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** From its file where it stands in one, anew each time: a rotated Secret changes the file. Undefined: there is none. */
export async function readPassword({ password, passwordFile }: Login): Promise<string | undefined> {
  if (passwordFile === undefined) return password;
  const text = await readFile(passwordFile, 'utf8').catch(() => undefined);
  return text?.replace(/\r?\n$/, '');
}

/** Without TLS where the server lets us in like that, as libpq's sslmode=allow does: inside a pod there is nobody to listen. */
async function connect(connection: Connection): Promise<pg.Client> {
  const password = await readPassword(connection);
  try {
    return await open(connection, password, false).catch((error) => {
      if (isEncryptionAsked(error)) return open(connection, password, true);
      throw error;
    });
  } catch (error) {
    if (password !== undefined) throw error;
    throw new Error(explainWithout(connection, (error as Error).message), { cause: error });
  }
}

function explainWithout({ user, passwordFile }: Connection, message: string): string {
  if (passwordFile !== undefined) return `${message} (the password's file ${passwordFile} cannot be read)`;
  // The client's own words for it are about types.
  return /password must be a string/.test(message)
    ? `a password is asked for, and the container's variables have none for "${user}"`
    : message;
}

/** The server's certificate is not looked at: the address is that of one pod, and the password is not sent in the clear. */
async function open(
  { host, port, user, database = 'postgres' }: Connection,
  password: string | undefined,
  isEncrypted: boolean,
) {
  const client = new pg.Client({
    host,
    port,
    user,
    // A function: where there is none, the client must not look for one in PGPASSWORD, which may be somebody else's.
    password: () => password as string,
    ssl: isEncrypted ? { rejectUnauthorized: false } : false,
    database,
    application_name: 'walguard',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  // A connection that breaks between queries emits 'error'; the next query reports it to whoever waits.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
  return client;
}

/** invalid_authorization_specification, for a line of pg_hba.conf that only lets in who comes by TLS. */
function isEncryptionAsked(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  return code === '28000' && /no encryption/.test(message ?? '');
}
