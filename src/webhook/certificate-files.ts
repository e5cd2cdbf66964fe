// The serving certificate from a mounted Secret or a directory. Room: webhook (door).
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface ServingCertificate {
  /** PEM: the leaf first, and the intermediates behind it if there are any. */
  readonly cert: string;
  readonly key: string;
  readonly expiresAt: Date;
}

export const CERTIFICATE_FILE = 'tls.crt';
export const KEY_FILE = 'tls.key';
export const CA_FILE = 'ca.crt';

/**
 * A Secret of cert-manager's or of your own may have no ca.crt, so it is not read: who is trusted stands in the webhook
 * configurations.
 *
 * @throws Error with the file and what is wrong with it
 */
export async function readCertificate(directory: string): Promise<ServingCertificate> {
  const [cert, key] = await Promise.all(
    [CERTIFICATE_FILE, KEY_FILE].map((name) => readFile(join(directory, name), 'utf8')),
  );
  return checkPair(cert ?? '', key ?? '', directory);
}

/** The kubelet swaps all files at once, but not between two reads: a pair of two generations is refused, and read again. */
export function checkPair(cert: string, key: string, directory: string): ServingCertificate {
  const leaf = orExplain(join(directory, CERTIFICATE_FILE), 'no certificate in PEM', () => new X509Certificate(cert));
  const privateKey = orExplain(join(directory, KEY_FILE), 'no private key in PEM', () => createPrivateKey(key));
  if (!leaf.checkPrivateKey(privateKey))
    throw new Error(`${directory}: ${KEY_FILE} is not the key of ${CERTIFICATE_FILE}`);
  return { cert, key, expiresAt: leaf.validToDate };
}

function orExplain<T>(path: string, what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new Error(`${path}: ${what}`, { cause });
  }
}
