// The TLS files of the webhook without a cluster: made where there are none, else used as they are. Room: webhook (door).
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { CA_FILE, CERTIFICATE_FILE, KEY_FILE, readCertificate, type ServingCertificate } from './certificate-files.ts';

export interface TlsDirectory {
  readonly certificate: ServingCertificate;
  /** File with the CA to trust; undefined where the directory has none, as one of your own may. */
  readonly caFile: string | undefined;
  /** Whether they were made just now. */
  readonly isNew: boolean;
}

/**
 * | in the directory        | result                        |
 * | nothing, or it is not there | CA and leaf are made          |
 * | tls.crt and tls.key     | used; ca.crt may be missing   |
 * | anything else           | an error, nothing is written  |
 * | a pair that has ended, or is no pair | an error, nothing is written |
 *
 * @throws Error with the directory or file, what was seen and what to do
 */
export async function openTlsDirectory(directory: string, now: Date): Promise<TlsDirectory> {
  await mkdir(directory, { recursive: true });
  const names = (await readdir(directory)).filter((name) => !isIncidental(name));
  if (names.length === 0) await fill(directory, now);
  else {
    const missing = [CERTIFICATE_FILE, KEY_FILE].filter((name) => !names.includes(name));
    if (missing.length > 0) {
      throw new Error(
        `${directory} is not empty, and has no ${missing.join(' and no ')}. Put them there, or name an empty directory, which gets new ones.`,
      );
    }
  }
  const certificate = await readCertificate(directory);
  if (certificate.expiresAt < now) {
    throw new Error(
      `${join(directory, CERTIFICATE_FILE)} ended at ${certificate.expiresAt.toISOString()}. Renew it, or empty the directory, which gets new ones.`,
    );
  }
  const caFile = join(directory, CA_FILE);
  return { certificate, caFile: existsSync(caFile) ? caFile : undefined, isNew: names.length === 0 };
}

/** What file systems and version control leave in a directory that is empty to a person. */
function isIncidental(name: string): boolean {
  return name.startsWith('.') || name === 'lost+found';
}

/** The CA's own key is not kept: nobody can sign anything more with it. */
async function fill(directory: string, now: Date): Promise<void> {
  // Loaded when it is needed: it is a large package.
  const { mintAuthority, mintServing } = await import('../tools/mint-certificate.ts');
  const authority = await mintAuthority(now);
  const names = [...new Set(['localhost', '127.0.0.1', '::1', hostname()])];
  const { cert, key } = await mintServing(authority, names, now);
  // 'wx': what somebody else has written in the meantime is not overwritten.
  await writeFile(join(directory, KEY_FILE), key, { mode: 0o600, flag: 'wx' });
  await writeFile(join(directory, CERTIFICATE_FILE), cert, { flag: 'wx' });
  await writeFile(join(directory, CA_FILE), authority.cert, { flag: 'wx' });
}
