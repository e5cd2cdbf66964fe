import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deriveKey } from '../../src/agent/derived-key.ts';
import { type Asker, explainUnserved, signRecord } from '../../src/agent/restore-signature.ts';

const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' };
const UNSIGNED = {
  restore: 'undo',
  uid: 'uid-of-undo',
  namespace: 'shop',
  database: 'orders-back',
  systemIdentifier: '42',
  incarnation: 'r20261121201533',
  storagePrefix: 's3://backups/shop/orders/15/42',
  target: { time: '2026-11-21T09:41:00Z' },
  baseBackup: 'base_1',
} as const;
const RECORD = signRecord(UNSIGNED, CREDENTIALS);
const { database: _none, ...FOR_ANYBODY } = UNSIGNED;
const ASKER: Asker = {
  namespace: 'shop',
  database: 'orders-back',
  identity: { major: 15, systemIdentifier: '42', incarnation: undefined },
  credentials: CREDENTIALS,
  isOwned: false,
};

const SERVED: Readonly<Record<string, readonly [record: unknown, asker?: Partial<Asker>]>> = {
  'as the job signed it': [RECORD],
  'its keys in another order, as JSON may come': [
    JSON.parse(JSON.stringify(Object.fromEntries(Object.entries(RECORD).reverse()))),
  ],
  'of a claim alone, by any StatefulSet of the namespace': [signRecord(FOR_ANYBODY, CREDENTIALS), { database: 'any' }],
};

for (const [name, [record, asker]] of Object.entries(SERVED)) {
  test(`served: ${name}`, () => {
    assert.equal(explainUnserved(record, { ...ASKER, ...asker }), undefined);
  });
}

/** Whatever is changed, the signature holds no more. */
const CHANGED = Object.keys(UNSIGNED).map((key) => [`another ${key}`, { ...RECORD, [key]: 'other' }] as const);

const REFUSED: readonly (readonly [name: string, record: unknown, why: RegExp, asker?: Partial<Asker>])[] = [
  ['of an older walguard', UNSIGNED, /older walguard has written it.* Restore again, or remove the file$/],
  ['no object', 42, /not signed/],
  ['nothing', null, /not signed/],
  ['a list', [RECORD], /not signed/],
  ...CHANGED.map(([name, record]) => [name, record, /not by the storage credentials/] as const),
  ['a field more', { ...RECORD, extra: 1 }, /not by the storage credentials/],
  ['a claim alone made of it', (({ database, ...rest }) => rest)(RECORD), /not by the storage credentials/],
  ['a torn signature', { ...RECORD, signature: RECORD.signature.slice(1) }, /not by the storage credentials/],
  ['a signature that is no text', { ...RECORD, signature: 42 }, /not by the storage credentials/],
  ['signed as requests are', { ...RECORD, signature: deriveKey(CREDENTIALS, 'sidecar').toString('hex') }, /not by/],
  [
    'another secret',
    RECORD,
    /put the former ones back/,
    { credentials: { ...CREDENTIALS, AWS_SECRET_ACCESS_KEY: 'x' } },
  ],
  [
    'another access key',
    RECORD,
    /put the former ones back/,
    { credentials: { ...CREDENTIALS, AWS_ACCESS_KEY_ID: 'x' } },
  ],
  ['of another namespace', RECORD, /made for shop\/orders-back, and this is bank\/orders-back/, { namespace: 'bank' }],
  ['of another database', RECORD, /made for shop\/orders-back, and this is shop\/orders\./, { database: 'orders' }],
  ['of a claim of another namespace', signRecord(FOR_ANYBODY, CREDENTIALS), /made for shop\//, { namespace: 'bank' }],
  [
    'of another cluster',
    RECORD,
    /cluster 42, and these data are of 43/,
    { identity: { major: 15, systemIdentifier: '43', incarnation: undefined } },
  ],
  ['the store has not said', RECORD, /asked again$/, { isOwned: undefined }],
  ['put back when it was complete', RECORD, /that restore is complete/, { isOwned: true }],
];

for (const [name, record, why, asker] of REFUSED) {
  test(`not served, and it is said why: ${name}`, () => {
    const said = explainUnserved(record, { ...ASKER, ...asker }) ?? assert.fail();
    assert.match(said, /^walguard-restore\.json in the data directory asks for a recovery, which is not served: /);
    assert.match(said, why);
  });
}

test('the credentials are not in the record', () => {
  assert.doesNotMatch(JSON.stringify(RECORD), /secret/);
});
