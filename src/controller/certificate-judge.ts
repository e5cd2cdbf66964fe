// Judges what is in the TLS Secret: is the authority good, and the leaf under it? Room: controller (door).
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { DAY_MS, type KeyPair, SERVING_DAYS } from '../tools/mint-certificate.ts';
import type { Condition } from './certificate-decision.ts';

export interface Judgement {
  readonly condition: Condition;
  /** Completes "renewed because ..."; empty when good. */
  readonly why: string;
}

const GOOD: Judgement = { condition: 'good', why: '' };
const unusable = (why: string): Judgement => ({ condition: 'unusable', why });

export function judgeAuthority(pair: KeyPair, now: Date): Judgement {
  const cert = readPair(pair, 'ca', now);
  if (!(cert instanceof X509Certificate)) return cert;
  if (!cert.ca) return unusable('ca.crt is no certificate authority');
  if (cert.validToDate.getTime() < now.getTime() + SERVING_DAYS * DAY_MS) {
    return { condition: 'due', why: 'ca.crt would end before a new leaf' };
  }
  return judgeAge(cert, 'ca.crt', now);
}

/** @param names DNS names by which the API server calls */
export function judgeServing(pair: KeyPair, authority: KeyPair, names: readonly string[], now: Date): Judgement {
  const cert = readPair(pair, 'tls', now);
  if (!(cert instanceof X509Certificate)) return cert;
  const issuer = readCertificate(authority.cert);
  if (!issuer || !cert.checkIssued(issuer) || !cert.verify(issuer.publicKey)) {
    return unusable('tls.crt is not signed by ca.crt');
  }
  const missing = names.find((name) => !cert.checkHost(name));
  if (missing) return unusable(`tls.crt is not for ${missing}`);
  return judgeAge(cert, 'tls.crt', now);
}

/** @returns undefined for what is no certificate; a reader that threw would stop all repair */
export function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function readPair({ cert, key }: KeyPair, name: 'ca' | 'tls', now: Date): X509Certificate | Judgement {
  if (!cert || !key) return unusable(`${name}.${cert ? 'key' : 'crt'} is missing`);
  const read = readCertificate(cert);
  if (!read) return unusable(`${name}.crt is no certificate`);
  if (!belongs(read, key)) return unusable(`${name}.key does not belong to ${name}.crt`);
  if (read.validFromDate > now) return unusable(`${name}.crt begins only at ${read.validFromDate.toISOString()}`);
  return read;
}

function belongs(cert: X509Certificate, key: string): boolean {
  try {
    return cert.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

/** By the wall clock: it is the one that the API server judges by. */
function judgeAge({ validFromDate, validToDate }: X509Certificate, name: string, now: Date): Judgement {
  const from = validFromDate.getTime();
  const dueAt = from + ((validToDate.getTime() - from) * 2) / 3;
  return now.getTime() < dueAt ? GOOD : { condition: 'due', why: `two thirds of the life of ${name} are over` };
}
