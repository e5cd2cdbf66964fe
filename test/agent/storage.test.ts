// Credentials and keys from mounted files.
import assert from 'node:assert/strict';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readCredentials, readEncryptionKeyId, readSecrets } from '../../src/agent/storage.ts';
import { makeTempDir } from '../support/temp.ts';

const KEY = '00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF';

async function mount(directory: string, entries: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(entries)) await writeFile(join(directory, name), text);
}

test('credentials are there when both are, without the newline of an editor', async (context) => {
  const directory = await makeTempDir(context);
  assert.equal(await readCredentials(directory), undefined);
  await mount(directory, { AWS_ACCESS_KEY_ID: 'id\n' });
  assert.equal(await readCredentials(directory), undefined);
  await mount(directory, { AWS_SECRET_ACCESS_KEY: ' ' });
  assert.equal(await readCredentials(directory), undefined);
  await mount(directory, { AWS_SECRET_ACCESS_KEY: 'key' });
  assert.deepEqual(await readCredentials(directory), { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'key' });
});

test('one half of a rotation is never read with the other', async (context) => {
  const directory = await makeTempDir(context);
  // As the kubelet does it: the entries are links through ..data, which is swapped, to a directory that was never there before.
  const make = async (version: number) => {
    await mkdir(join(directory, String(version)));
    const value = String(version);
    await mount(join(directory, value), { AWS_ACCESS_KEY_ID: value, AWS_SECRET_ACCESS_KEY: value });
  };
  await make(0);
  await symlink('0', join(directory, '..data'));
  for (const key of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'])
    await symlink(`..data/${key}`, join(directory, key));
  let isOver = false;
  const seen = new Set<string>();
  const reading = (async () => {
    while (!isOver) {
      const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: key } = (await readCredentials(directory)) ?? assert.fail();
      assert.equal(id, key);
      seen.add(id);
    }
  })();
  for (let version = 1; version < 300 || seen.size < 2; version++) {
    await make(version);
    await symlink(String(version), join(directory, '..tmp'));
    await rename(join(directory, '..tmp'), join(directory, '..data'));
  }
  isOver = true;
  await reading;
});

test('a key is told apart by a fingerprint that does not hold it', async (context) => {
  const directory = await makeTempDir(context);
  const path = join(directory, 'key');
  const env = { WALG_LIBSODIUM_KEY_PATH: path };
  assert.equal(await readEncryptionKeyId({}), undefined);
  await assert.rejects(readEncryptionKeyId(env), /^Error: no encryption key: .* nothing is written without it$/);
  for (const bad of ['', 'secret', `${KEY}00`, KEY.replace('0', 'g')]) {
    await writeFile(path, bad);
    await assert.rejects(readEncryptionKeyId(env), /no encryption key/);
  }
  await writeFile(path, `${KEY}\n`);
  const id = await readEncryptionKeyId(env);
  assert.match(id ?? '', /^[0-9a-f]{16}$/);
  assert.ok(!KEY.toLowerCase().includes(id ?? assert.fail()));
  await writeFile(path, KEY.toLowerCase());
  assert.equal(await readEncryptionKeyId(env), id, 'the case of a digit is no other key');
  await writeFile(path, KEY.replaceAll('0', '1'));
  assert.notEqual(await readEncryptionKeyId(env), id);
});

/** | credentials | key wanted | key | credentials that are used | what is lacking | */
const ROWS = [
  [false, false, false, false, 'CredentialsMissing'],
  [false, true, true, false, 'CredentialsMissing'],
  [true, false, false, true, undefined],
  [true, true, false, false, 'KeyMissing'],
  [true, true, true, true, undefined],
] as const;

for (const [hasCredentials, isKeyWanted, hasKey, isUsed, lack] of ROWS) {
  test(`credentials ${hasCredentials}, key wanted ${isKeyWanted}, there ${hasKey}: lacks ${lack ?? 'nothing'}`, async (context) => {
    const directory = await makeTempDir(context);
    if (hasCredentials) await mount(directory, { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'key' });
    const path = join(directory, 'encryption-key');
    if (hasKey) await writeFile(path, KEY);
    const found = await readSecrets(isKeyWanted ? { WALG_LIBSODIUM_KEY_PATH: path } : {}, directory);
    assert.equal(found.credentials !== undefined, isUsed);
    assert.equal(found.encryptionKeyId !== undefined, isUsed && isKeyWanted);
    assert.equal(found.lack?.reason, lack);
    await rm(path, { force: true });
  });
}
