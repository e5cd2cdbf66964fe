import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { formatReason, type Reason } from '../../src/lib/reason.ts';
import { parsePolicySpec } from '../../src/policy/schema.ts';
import { openGoldenFolder } from '../support/golden.ts';

const golden = openGoldenFolder(import.meta.url, 'golden/');
const S3 = { prefix: 's3://backups', credentialsSecret: 'login' };

function refusalsOf(spec: unknown): readonly Reason[] {
  const parsed = parsePolicySpec('gold', spec);
  return 'storage' in parsed ? [] : parsed;
}

test('the smallest policy is a bucket and a Secret', () => {
  assert.deepEqual(parsePolicySpec('gold', { storage: { s3: S3 } }), { storage: { s3: S3 } });
});

test('the policy that ships is valid once the chart has filled in its storage', () => {
  const { spec } = parse(readFileSync(new URL('../../policies/standard.yaml', import.meta.url), 'utf8'));
  assert.deepEqual(refusalsOf({ ...spec, storage: { s3: S3 } }), []);
});

test('parsing does not change or complete what the user wrote', () => {
  const spec = { storage: { s3: S3 }, archive: {} };
  const before = structuredClone(spec);
  assert.equal(parsePolicySpec('gold', spec), spec);
  assert.deepEqual(spec, before);
});

const WRONG: Readonly<Record<string, readonly [spec: unknown, ...fields: string[]]>> = {
  'no spec at all': [undefined, 'spec'],
  'no storage': [{}, 'spec.storage'],
  'no store in storage': [{ storage: {} }, 'spec.storage.s3'],
  'a bucket without a scheme': [{ storage: { s3: { ...S3, prefix: 'backups' } } }, 'spec.storage.s3.prefix'],
  'a bucket name of two letters': [{ storage: { s3: { ...S3, prefix: 's3://ab' } } }, 'spec.storage.s3.prefix'],
  'a prefix that ends in a slash': [{ storage: { s3: { ...S3, prefix: 's3://backups/' } } }, 'spec.storage.s3.prefix'],
  'an endpoint without a scheme': [{ storage: { s3: { ...S3, endpoint: 'store:7070' } } }, 'spec.storage.s3.endpoint'],
  'an empty Secret name': [{ storage: { s3: { ...S3, credentialsSecret: '' } } }, 'spec.storage.s3.credentialsSecret'],
  'keys inline': [{ storage: { s3: { ...S3, secretKey: 'abc' } } }, 'spec.storage.s3.secretKey'],
  'a misspelt section': [{ storage: { s3: S3 }, archiv: {} }, 'spec.archiv'],
  'a duration in words': [{ storage: { s3: S3 }, archive: { timeout: '1 minute' } }, 'spec.archive.timeout'],
  'a compression that loses speed': [
    { storage: { s3: S3 }, archive: { compression: 'brotli' } },
    'spec.archive.compression',
  ],
  'two things at once': [
    { storage: { s3: { prefix: 's3://backups' } }, baseBackup: { schedule: 7 } },
    'spec.storage.s3.credentialsSecret',
    'spec.baseBackup.schedule',
  ],
};

for (const [name, [spec, ...fields]] of Object.entries(WRONG)) {
  test(`${name}: refused with the path of the field`, () => {
    const refusals = refusalsOf(spec);
    assert.deepEqual(
      refusals.map(({ field }) => field),
      fields.map((field) => `BackupPolicy/gold ${field}`),
    );
    for (const { code, seen, remedy } of refusals) assert.ok(code === 'policy-invalid' && seen && remedy);
  });
}

test("no message repeats a value, which could be somebody's secret", () => {
  const refusals = refusalsOf({ storage: { s3: { ...S3, endpoint: 'hunter2', region: 7, secretKey: 'hunter2' } } });
  assert.equal(refusals.length, 3);
  assert.doesNotMatch(refusals.map(formatReason).join(), /hunter2/);
});

test('the messages read as the golden file has them', () => {
  const texts = Object.entries(WRONG).map(([name, [spec]]) =>
    [`# ${name}`, ...refusalsOf(spec).map(formatReason), ''].join('\n'),
  );
  golden.assert('messages.txt', texts.join('\n'));
});

test('there is no golden file that no test compares', () => golden.assertNoStale());
