// Names and directories. Everything that a cluster makes carries its checkout's id, so that two checkouts on one machine
// never meet, and `down` can tell its own things from everybody else's.
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const sourceDir = dirname(fileURLToPath(import.meta.url));
export const repositoryDir = realpathSync(dirname(dirname(sourceDir)));

export type ClusterKind = 'full' | 'api';

export function hashOf(...parts: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
}

export function checkoutId(directory: string = repositoryDir): string {
  return hashOf(directory).slice(0, 6);
}

/** Binaries and images: made once, used by all checkouts, named by their content. */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  return env.WALGUARD_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'walguard');
}

/** Short, because a unix socket's path ends at 107 characters; a full cluster is root's and too big for a tmpfs. */
export function stateDirOf(kind: ClusterKind): string {
  if (kind === 'full') return `/var/lib/walguard-cluster/${checkoutId()}`;
  return join(tmpdir(), `walguard-api-${userInfo().uid}-${checkoutId()}`);
}

/** In a shared /tmp somebody else may have made the directory first, and it will hold admin tokens. */
export function makePrivateDir(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(path);
  if (uid !== userInfo().uid || (mode & 0o077) !== 0) {
    throw new Error(
      `${path} belongs to user ${uid} with mode ${(mode & 0o777).toString(8)}; remove it, or set TMPDIR to a directory of your own`,
    );
  }
}
