import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EVIDENCE_KEY_DIR, STORAGE_DIR } from '../../src/api/names.ts';
import { buildEvidenceSecret, withEvidenceKey } from '../../src/companion/evidence.ts';
import { buildStorageVolume } from '../../src/inject/storage-env.ts';
import { SETTINGS } from '../support/workloads.ts';

test('the Secret has both halves of the key, and no owner', () => {
  assert.deepEqual(buildEvidenceSecret('shop', { privateKey: 'private', publicKey: 'public' }), {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: 'walguard-evidence',
      namespace: 'shop',
      labels: { 'app.kubernetes.io/name': 'walguard', 'app.kubernetes.io/managed-by': 'walguard' },
    },
    type: 'Opaque',
    stringData: { 'private.pem': 'private', 'public.pem': 'public' },
  });
});

test('a job finds the key below the storage volume, and does not wait for it', () => {
  const storage = buildStorageVolume(SETTINGS);
  const before = structuredClone(storage);
  const { projected, ...rest } = withEvidenceKey(storage) as unknown as {
    projected: { sources: Record<string, unknown>[] };
  };
  assert.deepEqual(storage, before, 'the volume of the sidecar stays as it is');
  assert.deepEqual(rest, { name: storage.name });
  const secret = projected.sources.at(-1)?.secret as { items: { path: string }[] };
  assert.deepEqual(secret, {
    name: 'walguard-evidence',
    optional: true,
    items: [{ key: 'private.pem', path: 'evidence-key/private.pem' }],
  });
  assert.equal(`${STORAGE_DIR}/${secret.items[0]?.path}`, `${EVIDENCE_KEY_DIR}/private.pem`);
  assert.deepEqual({ ...projected, sources: projected.sources.slice(0, -1) }, before.projected);
});
