// Digests, keys and signatures of evidence: Ed25519 and SHA-256 of node:crypto. Room: tools.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SignedEvidence } from '../api/evidence.ts';
import { EVIDENCE_PRIVATE_KEY } from '../api/names.ts';
import type { Seal } from '../lib/evidence/chain.ts';

/** PKCS8 and SPKI, PEM. */
export interface PemPair {
  readonly privateKey: string;
  readonly publicKey: string;
}

export function makeEvidenceKey(): PemPair {
  return generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
}

/**
 * The private key of a directory; undefined where there is no file.
 * @throws Error where the file is no such key; the text is never quoted
 */
export async function readEvidenceKey(directory: string): Promise<KeyObject | undefined> {
  const path = join(directory, EVIDENCE_PRIVATE_KEY);
  let pem: string;
  try {
    pem = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new Error(`the key of evidence, ${path}, cannot be read: ${code}`, { cause: error });
  }
  const key = parseKey(() => createPrivateKey(pem));
  if (!key) throw new Error(`${path} is no Ed25519 private key (PKCS8, PEM)`);
  return key;
}

/** @throws Error where the text is no Ed25519 public key */
export function parsePublicKey(pem: string): KeyObject {
  // A private key would do for createPublicKey, too, but nobody is to hand one around.
  const isPublic = /^\s*-----BEGIN PUBLIC KEY-----/.test(pem) && pem.length <= MAX_PEM_LENGTH;
  const key = isPublic ? parseKey(() => createPublicKey(pem)) : undefined;
  if (!key) throw new Error('it is no Ed25519 public key (SPKI, PEM)');
  return key;
}

const MAX_PEM_LENGTH = 1000;

function parseKey(parse: () => KeyObject): KeyObject | undefined {
  try {
    const key = parse();
    return key.asymmetricKeyType === 'ed25519' ? key : undefined;
  } catch {
    return undefined;
  }
}

/** SHA-256 in hexadecimal: what the next record's `previous` is. */
export function digestRecord(record: string): string {
  return createHash('sha256').update(record, 'utf8').digest('hex');
}

/** SHA-256 of the SPKI (DER) in hexadecimal, as `openssl pkey -pubin -outform DER | sha256sum` prints it. */
export function fingerprintOf(key: KeyObject): string {
  const spki = key.type === 'private' ? createPublicKey(key) : key;
  return createHash('sha256')
    .update(spki.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/** Without a key it is kept all the same, unsigned. @param record canonical JSON */
export function signRecord(record: string, key: KeyObject | undefined): SignedEvidence {
  if (!key) return { record };
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string;
  return { record, signature: sign(null, Buffer.from(record), key).toString('base64'), publicKey };
}

/**
 * | signature | publicKey       | fits | trusted keys    | seal        |
 * | absent    | any             |      | any             | none        |
 * | there     | absent, no key  |      | any             | altered     |
 * | there     | there           | no   | any             | altered     |
 * | there     | there           | yes  | none were named | good        |
 * | there     | there           | yes  | it is one       | good        |
 * | there     | there           | yes  | it is none      | another-key |
 *
 * @param trusted fingerprints; none: by the key that it names itself, which does not say whose that is
 */
export function verifySigned(
  { record, signature, publicKey }: SignedEvidence,
  trusted: readonly string[],
): { readonly seal: Seal; readonly fingerprint?: string } {
  if (signature === undefined) return { seal: 'none' };
  const key = publicKey === undefined ? undefined : tryPublicKey(publicKey);
  if (!key) return { seal: 'altered' };
  const fingerprint = fingerprintOf(key);
  const isSound = /^[A-Za-z0-9+/]{86}==$/.test(signature);
  if (!isSound || !verify(null, Buffer.from(record), key, Buffer.from(signature, 'base64')))
    return { seal: 'altered', fingerprint };
  return { seal: trusted.length === 0 || trusted.includes(fingerprint) ? 'good' : 'another-key', fingerprint };
}

function tryPublicKey(pem: string): KeyObject | undefined {
  try {
    return parsePublicKey(pem);
  } catch {
    return undefined;
  }
}
