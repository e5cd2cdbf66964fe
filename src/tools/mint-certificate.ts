// Mints a certificate authority, and serving certificates under one: EC P-256, SHA-256. Room: tools.
import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { generate } from 'selfsigned';

/** Certificate and private key, both PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3650;
export const SERVING_DAYS = 90;
/** Into the past: the API server's clock may be behind ours. */
const BACKDATE_MS = 3_600_000;

/**
 * Each authority has a name of its own. These certificates carry no key identifiers, so OpenSSL picks an issuer out of a
 * bundle by its name alone, and would fail on the first of two with the same one.
 */
export async function mintAuthority(now: Date): Promise<KeyPair> {
  const made = await generate([{ name: 'commonName', value: `walguard CA ${randomBytes(4).toString('hex')}` }], {
    ...lifeOf(AUTHORITY_DAYS, now),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return { cert: made.cert, key: made.private };
}

/** @param names DNS names and IP addresses that it is for; the first is its common name */
export async function mintServing(authority: KeyPair, names: readonly string[], now: Date): Promise<KeyPair> {
  const made = await generate([{ name: 'commonName', value: names[0] ?? '' }], {
    ...lifeOf(SERVING_DAYS, now),
    ca: { key: authority.key, cert: authority.cert },
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: names.map(toAltName) },
    ],
  });
  return { cert: made.cert, key: made.private };
}

/** Said outright: what is self-signed would else be signed with SHA-1, which Go refuses. */
function lifeOf(days: number, now: Date) {
  return {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(now.getTime() - BACKDATE_MS),
    notAfterDate: new Date(now.getTime() + days * DAY_MS),
  } as const;
}

function toAltName(name: string) {
  return isIP(name) === 0 ? ({ type: 2, value: name } as const) : ({ type: 7, ip: name } as const);
}
