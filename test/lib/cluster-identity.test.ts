import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  buildEvidencePrefix,
  buildStoragePrefix,
  clusterIdOf,
  evidencePrefixOf,
  isOfDatabase,
  nameIncarnation,
  parseClusterIdentity,
  parseStoragePrefix,
  readIncarnation,
} from '../../src/lib/cluster-identity.ts';

/** As pg_control begins: the identifier in little-endian, then more. */
function control(systemIdentifier: bigint, length = 8192): Uint8Array {
  const bytes = new Uint8Array(length);
  new DataView(bytes.buffer).setBigUint64(0, systemIdentifier, true);
  return bytes;
}

test('an identifier above 2^53 keeps every digit', () => {
  const identity = parseClusterIdentity('15\n', control(7710449571138806556n));
  assert.deepEqual(identity, { major: 15, systemIdentifier: '7710449571138806556', incarnation: undefined });
  assert.ok(7710449571138806556n > 2n ** 53n);
});

test('the identifier is unsigned', () => {
  assert.equal(parseClusterIdentity('15', control(2n ** 64n - 1n))?.systemIdentifier, '18446744073709551615');
});

test('it is read from where the bytes are, also in the middle of a larger buffer', () => {
  const whole = new Uint8Array(64);
  whole.set(control(42n, 8), 16);
  assert.equal(parseClusterIdentity('15', whole.subarray(16, 24))?.systemIdentifier, '42');
});

test('the major version is read from old and new forms of PG_VERSION', () => {
  for (const [text, major] of [
    ['18\n', 18],
    ['9.6\n', 9],
    ['10', 10],
  ] as const) {
    assert.equal(parseClusterIdentity(text, control(1n))?.major, major, text);
  }
});

test('while initdb has not got that far there is no identity', () => {
  assert.equal(parseClusterIdentity('', control(1n)), undefined);
  assert.equal(parseClusterIdentity('15', new Uint8Array(7)), undefined);
  assert.equal(parseClusterIdentity('15', new Uint8Array(0)), undefined);
  assert.equal(parseClusterIdentity('15', control(0n)), undefined);
});

test('the storage prefix names namespace, database, major and system identifier below the policy prefix', () => {
  const identity = { major: 15, systemIdentifier: '7710449571138806556', incarnation: undefined };
  const expected = 's3://backups/pg/shop/orders/15/7710449571138806556';
  assert.equal(buildStoragePrefix('s3://backups/pg', 'shop', 'orders', identity), expected);
  assert.equal(buildStoragePrefix('s3://backups/pg//', 'shop', 'orders', identity), expected);
});

test('clusters that differ in anything never share a prefix', () => {
  const prefixes = [
    buildStoragePrefix('s3://b', 'a', 'b', { major: 15, systemIdentifier: '1', incarnation: undefined }),
    buildStoragePrefix('s3://b', 'b', 'a', { major: 15, systemIdentifier: '1', incarnation: undefined }),
    buildStoragePrefix('s3://b', 'a', 'b', { major: 16, systemIdentifier: '1', incarnation: undefined }),
    buildStoragePrefix('s3://b', 'a', 'b', { major: 15, systemIdentifier: '2', incarnation: undefined }),
    buildStoragePrefix('s3://c', 'a', 'b', { major: 15, systemIdentifier: '1', incarnation: undefined }),
    buildStoragePrefix('s3://b', 'a', 'b', { major: 15, systemIdentifier: '1', incarnation: 'r1' }),
    buildStoragePrefix('s3://b', 'a', 'b', { major: 15, systemIdentifier: '1', incarnation: 'r2' }),
  ];
  assert.equal(new Set(prefixes).size, prefixes.length);
});

test('what a server says of itself leads nowhere else: only numbers become a prefix', () => {
  const good = { major: 15, systemIdentifier: '18446744073709551615', incarnation: undefined };
  assert.match(buildStoragePrefix('s3://b', 'shop', 'orders', good), /\/15\/18446744073709551615$/);
  for (const systemIdentifier of [
    '',
    '../../payroll/salaries/15/42',
    '42/..',
    '-1',
    '4e3',
    ' 42',
    '42\n',
    '1'.repeat(21),
    'x',
  ]) {
    assert.throws(
      () => buildStoragePrefix('s3://b', 'shop', 'orders', { major: 15, systemIdentifier, incarnation: undefined }),
      /is no cluster's identity$/,
      systemIdentifier,
    );
  }
  for (const incarnation of ['', '../15/42', 'R1', 'a/b', 'r-1', 'r\n', 'r'.repeat(21)])
    assert.throws(
      () => buildStoragePrefix('s3://b', 'shop', 'orders', { ...good, incarnation }),
      /is no cluster's identity$/,
      incarnation,
    );
  for (const major of [Number.NaN, 15.5, 0, -1, 1e23, Number.POSITIVE_INFINITY, '15' as unknown as number]) {
    assert.throws(
      () => buildStoragePrefix('s3://b', 'shop', 'orders', { ...good, major }),
      /is no cluster's identity$/,
    );
  }
});

test('evidence lies beside the clusters of a database, and is taken for none of them', () => {
  const prefix = buildEvidencePrefix('s3://backups/prod/', 'shop', 'orders');
  assert.equal(prefix, 's3://backups/prod/shop/orders/evidence');
  assert.ok(!isOfDatabase(prefix, 'shop', 'orders'));
  for (const cluster of ['15/7710543307137138721', '9/1-r20261121201533'])
    assert.equal(evidencePrefixOf(`s3://backups/prod/shop/orders/${cluster}`), prefix);
  for (const name of ['', '..', 'a/b', '../../other', 'Shop', '-a', 'a b']) {
    assert.throws(() => buildEvidencePrefix('s3://backups', name, 'orders'), /is no name of a namespace/, name);
    assert.throws(() => buildEvidencePrefix('s3://backups', 'shop', name), /is no name of a namespace/, name);
  }
});

test('whose prefix it is, below any policy', () => {
  const of = (prefix: string) => isOfDatabase(prefix, 'shop', 'orders');
  for (const policy of ['s3://backups', 's3://backups/pg/'])
    assert.ok(
      of(buildStoragePrefix(policy, 'shop', 'orders', { major: 15, systemIdentifier: '42', incarnation: undefined })),
    );
  assert.ok(of('s3://backups/shop/orders/15/42-r1'));
  for (const other of [
    '',
    's3://b/shop/orders/15/42-',
    's3://b/shop/orders/15',
    's3://b/shop/orders-2/15/42',
    's3://b/bank/orders/15/42',
    's3://b/shop/orders/15/42/',
    's3://b/shop/orders/15/x',
    's3://b/shop/orders/../15/42',
  ])
    assert.ok(!of(other), other);
});

test('the identity is read back from a prefix, beyond 2^53 too; anything else is an error', () => {
  const identity = { major: 15, systemIdentifier: '7710449571138806556', incarnation: undefined };
  for (const each of [identity, { ...identity, incarnation: 'r20261121201533' }])
    assert.deepEqual(parseStoragePrefix(buildStoragePrefix('s3://backups', 'shop', 'orders', each)), each);
  for (const prefix of [
    '',
    's3://backups',
    's3://backups/shop/orders/15',
    's3://backups/shop/orders/x/y',
    's3://b/s/o/15/42-',
  ]) {
    assert.throws(() => parseStoragePrefix(prefix), /does not end in a PG major and a cluster's id/, prefix);
  }
});

test('an incarnation is made of the time of its restore', () => {
  assert.equal(nameIncarnation('2026-11-21T20:15:33.042Z'), 'r20261121201533');
  assert.equal(clusterIdOf({ systemIdentifier: '42', incarnation: 'r20261121201533' }), '42-r20261121201533');
  assert.equal(clusterIdOf({ systemIdentifier: '42', incarnation: undefined }), '42');
});

test('an incarnation is told by the record; where that tells none, it is an error and never "none"', () => {
  assert.equal(readIncarnation(undefined), undefined);
  assert.equal(readIncarnation({ restore: 'of an older walguard' }), undefined);
  assert.equal(readIncarnation({ incarnation: 'r1' }), 'r1');
  for (const record of [null, 42, 'r1', [], { incarnation: null }, { incarnation: '../15/1' }, { incarnation: '' }])
    assert.throws(() => readIncarnation(record), /nobody knows where this database archives/, JSON.stringify(record));
});
