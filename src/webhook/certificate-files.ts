// The serving certificate from the mounted Secret, taken up again when it changes. Room: webhook (door).
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import { join } from 'node:path';

export interface ServingCertificate {
  readonly cert: string;
  readonly key: string;
  /** The CA that signed it, PEM. */
  readonly ca: string;
  readonly expiresAt: Date;
}

export async function readCertificate(directory: string): Promise<ServingCertificate> {
  const [cert, key, ca] = await Promise.all(
    ['tls.crt', 'tls.key', 'ca.crt'].map((name) => readFile(join(directory, name), 'utf8')),
  );
  if (!cert || !key || !ca) throw new Error(`${directory} lacks tls.crt, tls.key or ca.crt`);
  return { cert, key, ca, expiresAt: new X509Certificate(cert).validToDate };
}

/** New handshakes get the new certificate; open connections go on. Polled: the kubelet swaps a symlink, which file watches miss. */
export async function reloadCertificate(
  server: Server,
  directory: string,
  current: ServingCertificate,
): Promise<ServingCertificate> {
  const next = await readCertificate(directory);
  if (next.cert === current.cert) return current;
  server.setSecureContext({ cert: next.cert, key: next.key, minVersion: 'TLSv1.3' });
  return next;
}
