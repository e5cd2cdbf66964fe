import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SignedEvidence } from '../../src/api/evidence.ts';
import type { Seal } from '../../src/lib/evidence/chain.ts';
import {
  digestRecord,
  fingerprintOf,
  makeEvidenceKey,
  parsePublicKey,
  readEvidenceKey,
  signRecord,
  verifySigned,
} from '../../src/tools/evidence.ts';
import { keyOf, publicPem } from '../support/evidence.ts';
import { makeTempDir } from '../support/temp.ts';

const OURS = keyOf('ours');
const THEIRS = keyOf('theirs');
const SIGNED = signRecord('{"kind":"Evidence"}', OURS);
const [our, their] = [fingerprintOf(OURS), fingerprintOf(THEIRS)];

const { signature, publicKey } = SIGNED as Required<SignedEvidence>;
const bare = { record: SIGNED.record };
const bits = Buffer.from(signature, 'base64');
bits[10] = (bits[10] ?? 0) ^ 1;

const SEALS: readonly (readonly [name: string, signed: SignedEvidence, trusted: readonly string[], seal: Seal])[] = [
  ['signed, no key was named', SIGNED, [], 'good'],
  ['signed by the key that was named', SIGNED, [their, our], 'good'],
  ['signed by another key', SIGNED, [their], 'another-key'],
  ['not signed', bare, [], 'none'],
  ['not signed, but with a key', { ...bare, publicKey }, [our], 'none'],
  ['a signature without a key', { ...bare, signature }, [our], 'altered'],
  ['a record that was altered', { ...SIGNED, record: '{"kind":"Evidencf"}' }, [our], 'altered'],
  ['a signature that was altered', { ...SIGNED, signature: bits.toString('base64') }, [our], 'altered'],
  ['a signature that was cut', { ...SIGNED, signature: signature.slice(0, 40) }, [our], 'altered'],
  ['an empty signature', { ...SIGNED, signature: '' }, [our], 'altered'],
  ['more behind the signature', { ...SIGNED, signature: `${signature}AA` }, [our], 'altered'],
  ['the key of somebody else', { ...SIGNED, publicKey: publicPem(THEIRS) }, [their], 'altered'],
  ['no key', { ...SIGNED, publicKey: 'hello' }, [our], 'altered'],
];

for (const [name, signed, trusted, seal] of SEALS) {
  test(`seal: ${name}: ${seal}`, () => assert.equal(verifySigned(signed, trusted).seal, seal));
}

test('signatures are those of RFC 8032', () => {
  // Its second test vector: one byte.
  const seed = Buffer.from('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb', 'hex');
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const signed = signRecord('r', createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  const expected =
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00';
  assert.equal(Buffer.from(signed.signature ?? '', 'base64').toString('hex'), expected);
});

test('a digest is SHA-256 of the bytes in UTF-8', () => {
  assert.equal(digestRecord('ä'), '33e6d73fee82904c8d7afb78de1154d1e8dc2a0edb08120e63df5b9385c2d9cc');
});

test('a key that is made signs, and is read back from its file', async (context) => {
  const directory = await makeTempDir(context);
  const pair = makeEvidenceKey();
  await writeFile(join(directory, 'private.pem'), pair.privateKey);
  const key = await readEvidenceKey(directory);
  assert.ok(key);
  const signed = signRecord('{}', key);
  assert.equal(signed.publicKey, pair.publicKey);
  assert.deepEqual(verifySigned(signed, [fingerprintOf(parsePublicKey(pair.publicKey))]), {
    seal: 'good',
    fingerprint: fingerprintOf(key),
  });
});

test('where there is no key, nothing is signed', async (context) => {
  const directory = await makeTempDir(context);
  assert.equal(await readEvidenceKey(directory), undefined);
  assert.equal(await readEvidenceKey(join(directory, 'nowhere')), undefined);
  assert.deepEqual(signRecord('{}', undefined), { record: '{}' });
});

test('a file that is no such key is said, and not quoted', async (context) => {
  const directory = await makeTempDir(context);
  const rsa = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  for (const text of ['', 'the secret', rsa.privateKey, makeEvidenceKey().publicKey]) {
    await writeFile(join(directory, 'private.pem'), text);
    await assert.rejects(readEvidenceKey(directory), ({ message }: Error) => {
      assert.match(message, /private\.pem is no Ed25519 private key \(PKCS8, PEM\)$/);
      return true;
    });
  }
  const other = await makeTempDir(context);
  await mkdir(join(other, 'private.pem'));
  await assert.rejects(readEvidenceKey(other), /cannot be read: EISDIR/);
  assert.throws(() => parsePublicKey(rsa.publicKey), /no Ed25519 public key/);
  assert.throws(() => parsePublicKey(makeEvidenceKey().privateKey), /no Ed25519 public key/);
  assert.throws(() => parsePublicKey(`${makeEvidenceKey().publicKey}${' '.repeat(1000)}`), /no Ed25519 public key/);
});
