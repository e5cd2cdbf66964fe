// An object store: the S3 server of walguard's image over plain files, which a test may truncate, delete and edit.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join, relative } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Credentials } from '../../../src/agent/storage.ts';
import { makeTestDirectory } from './pod.ts';
import { providePrograms } from './programs.ts';

export interface Store {
  readonly port: number;
  readonly endpoint: string;
  /** `s3://<bucket>`, as a policy says it. */
  readonly prefix: string;
  readonly bucket: string;
  readonly credentials: Credentials;
  /** The bucket's files: object `a/b` is the file `a/b` in it. */
  readonly directory: string;
  /** The file of `s3://<bucket>/...` or of a key. */
  readonly fileOf: (urlOrKey: string) => string;
  /** Keys of all objects, sorted; below the URL or key where one is given. */
  readonly list: (urlOrKey?: string) => Promise<string[]>;
  /** An outage: nothing listens on the port any more, and open connections break. */
  readonly stop: () => Promise<void>;
  /** On the same port, with the same objects. */
  readonly start: () => Promise<void>;
}

const BUCKET = 'backups';

/**
 * @param users further credentials that the store takes; read anew at each start
 * @param tls certificate and key of 127.0.0.1, PEM: the store is reached by https then
 */
export async function startStore(
  context: TestContext,
  users: readonly Credentials[] = [],
  tls?: { readonly cert: string; readonly key: string },
): Promise<Store> {
  const { versitygw } = await providePrograms();
  let server: ChildProcess | undefined;
  const stop = async () => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  };
  const root = await makeTestDirectory(context, stop);
  const directory = join(root, BUCKET);
  await mkdir(directory);
  const port = await findFreePort();
  const credentials = { AWS_ACCESS_KEY_ID: 'test-access', AWS_SECRET_ACCESS_KEY: 'test-secret-0123456789' };
  const fileOf = (urlOrKey: string) => join(directory, urlOrKey.replace(`s3://${BUCKET}`, ''));
  const start = async () => {
    const iam = await writeUsers(root, users);
    const options = ['--quiet', '--iam-dir', iam, ...(await writeTls(root, tls))];
    server = spawn(versitygw, [...options, '--port', `127.0.0.1:${port}`, 'posix', root], {
      env: {
        ROOT_ACCESS_KEY: credentials.AWS_ACCESS_KEY_ID,
        ROOT_SECRET_KEY: credentials.AWS_SECRET_ACCESS_KEY,
      },
      stdio: 'ignore',
    });
    await waitForPort(port);
  };
  await start();
  return {
    port,
    endpoint: tls ? `https://127.0.0.1:${port}` : `http://127.0.0.1:${port}`,
    prefix: `s3://${BUCKET}`,
    bucket: BUCKET,
    credentials,
    directory,
    fileOf,
    list: (urlOrKey = '') => listFiles(fileOf(urlOrKey), directory),
    stop,
    start,
  };
}

/** As versitygw keeps its accounts; an entry of that name is no bucket. */
async function writeUsers(root: string, users: readonly Credentials[]): Promise<string> {
  const directory = join(root, '.iam');
  await mkdir(directory, { recursive: true });
  const accounts = users.map(({ AWS_ACCESS_KEY_ID: access, AWS_SECRET_ACCESS_KEY: secret }) => [
    access,
    { access, secret, role: 'admin', userID: 0, groupID: 0, projectID: 0 },
  ]);
  await writeFile(join(directory, 'users.json'), JSON.stringify({ accessAccounts: Object.fromEntries(accounts) }));
  return directory;
}

async function writeTls(root: string, tls?: { readonly cert: string; readonly key: string }): Promise<string[]> {
  if (!tls) return [];
  const [cert, key] = [join(root, '.tls.crt'), join(root, '.tls.key')];
  await Promise.all([writeFile(cert, tls.cert), writeFile(key, tls.key)]);
  return ['--cert', cert, '--key', key];
}

async function listFiles(directory: string, base: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(base, join(entry.parentPath, entry.name)))
    .filter((key) => !key.startsWith('.'))
    .sort();
}

export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

export async function waitForPort(port: number, timeoutMs = 10_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    if (Date.now() > deadline) throw new Error(`nothing listens on port ${port} after ${timeoutMs / 1000} s`);
    await sleep(20);
  }
}
