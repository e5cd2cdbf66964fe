import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { backupPolicySpecSchema } from '../../src/api/backup-policy.ts';
import { formatReason, type Reason } from '../../src/lib/reason.ts';
import { completePolicySpec, parsePolicySpec } from '../../src/policy/schema.ts';
import { PATTERNS } from '../../src/policy/schema-reasons.ts';
import { openGoldenFolder } from '../support/golden.ts';

const golden = openGoldenFolder(import.meta.url, 'golden/');
const S3 = { prefix: 's3://backups', credentialsSecret: 'login' };

function refusalsOf(spec: unknown): readonly Reason[] {
  const parsed = parsePolicySpec(spec);
  return 'storage' in parsed ? [] : parsed;
}

test('the smallest policy is a bucket and a Secret', () => {
  assert.deepEqual(parsePolicySpec({ storage: { s3: S3 } }), { storage: { s3: S3 } });
});

test('the policy that ships is valid once the chart has filled in its storage', () => {
  const { spec } = parse(readFileSync(new URL('../../policies/standard.yaml', import.meta.url), 'utf8'));
  assert.deepEqual(refusalsOf({ ...spec, storage: { s3: S3 } }), []);
});

test('parsing does not change or complete what the user wrote', () => {
  const spec = { storage: { s3: S3 }, archive: {} };
  const before = structuredClone(spec);
  assert.equal(parsePolicySpec(spec), spec);
  assert.deepEqual(spec, before);
});

const WRONG: Readonly<Record<string, readonly [spec: unknown, ...fields: string[]]>> = {
  'no spec at all': [undefined, 'spec'],
  'no storage': [{}, 'spec.storage'],
  'no store in storage': [{ storage: {} }, 'spec.storage'],
  'two stores in storage': [{ storage: { s3: S3, volume: { size: '1Gi' } } }, 'spec.storage'],
  'another store in storage': [{ storage: { gcs: {} } }, 'spec.storage.gcs'],
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
  'a duration of a century': [{ storage: { s3: S3 }, archive: { timeout: '36500d' } }, 'spec.archive.timeout'],
  'a misspelt compression': [{ storage: { s3: S3 }, archive: { compression: 'ztsd' } }, 'spec.archive.compression'],
  'a bare off in YAML 1.1': [{ storage: { s3: S3 }, recovery: { mode: false } }, 'spec.recovery.mode'],
  'a field of another section': [{ storage: { s3: S3 }, schedule: '0 2 * * *' }, 'spec.schedule'],
  'a section as a word': [{ storage: { s3: S3 }, retention: '7d' }, 'spec.retention'],
  'a number as a word': [{ storage: { s3: S3 }, retention: { keepFull: '7' } }, 'spec.retention.keepFull'],
  'half a backup': [{ storage: { s3: S3 }, retention: { keepFull: 1.5 } }, 'spec.retention.keepFull'],
  'too few and too many': [
    { storage: { s3: S3 }, retention: { keepFull: 0 }, baseBackup: { deltaSteps: 31 } },
    'spec.baseBackup.deltaSteps',
    'spec.retention.keepFull',
  ],
  'a drill without a name': [{ storage: { s3: S3 }, drills: [{ schedule: '@weekly' }] }, 'spec.drills[0].name'],
  'a drill with a name for people': [
    { storage: { s3: S3 }, drills: [{ name: 'Weekly drill', schedule: '@weekly' }] },
    'spec.drills[0].name',
  ],
  'a drill as an object': [{ storage: { s3: S3 }, drills: { name: 'w' } }, 'spec.drills'],
  'a schedule of one star': [{ storage: { s3: S3 }, verify: { schedule: '*' } }, 'spec.verify.schedule'],
  'a sink without a place': [{ storage: { s3: S3 }, notify: [{ name: 'a' }] }, 'spec.notify[0]'],
  'a sink with two places': [
    { storage: { s3: S3 }, notify: [{ name: 'a', slack: { secret: 's' }, telegram: { secret: 's' } }] },
    'spec.notify[0]',
  ],
  'a size in words': [{ storage: { volume: { size: 'ten' } } }, 'spec.storage.volume.size'],
  'a metric with a blank': [
    { storage: { s3: S3 }, metrics: { pushgateway: { url: 'http://p', metric: 'last success' } } },
    'spec.metrics.pushgateway.metric',
  ],
  'eleven drills': [
    {
      storage: { s3: S3 },
      drills: Array.from({ length: 11 }, (_, index) => ({ name: `d${index}`, schedule: '@weekly' })),
    },
    'spec.drills',
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
      fields,
    );
    for (const { code, seen, remedy } of refusals) assert.ok(code === 'policy-invalid' && seen && remedy);
  });
}

test("no message repeats a value, which could be somebody's secret", () => {
  const refusals = refusalsOf({ storage: { s3: { ...S3, endpoint: 'hunter2', region: 7, secretKey: 'hunter2' } } });
  assert.equal(refusals.length, 3);
  assert.doesNotMatch(refusals.map(formatReason).join(), /hunter2/);
});

test('every pattern of the schema is put into words', () => {
  const patterns = [...JSON.stringify(backupPolicySpecSchema).matchAll(/"pattern":("(?:[^"\\\\]|\\\\.)*")/g)];
  assert.ok(patterns.length > 20);
  const unexplained = patterns.map(([, text = '']) => JSON.parse(text)).filter((pattern) => !(pattern in PATTERNS));
  assert.deepEqual(unexplained, []);
});

test('a thousand errors give twenty reasons, and a long name is cut', () => {
  const wrong = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`${'x'.repeat(1000)}${index}`, 1]));
  const refusals = refusalsOf({ storage: { s3: S3 }, ...wrong });
  assert.equal(refusals.length, 20);
  assert.ok(refusals.every(({ field }) => field.length < 100));
});

test('a complete spec has every default, as a copy', () => {
  const spec = { storage: { s3: S3 }, drills: [{ name: 'w', schedule: '@weekly' }], retention: {} };
  const before = structuredClone(spec);
  const complete = completePolicySpec(spec);
  assert.deepEqual(spec, before);
  assert.deepEqual(complete.archive, { timeout: '60s', compression: 'lz4', onStorageFull: 'block' });
  assert.deepEqual([complete.engine, complete.recovery.mode, complete.baseBackup.method], ['auto', 'off', 'node']);
  assert.deepEqual([complete.drills?.[0]?.target, complete.drills?.[0]?.timeout], ['latest', '6h']);
  assert.equal(complete.retention?.minFullBackups, 1);
});

test('the messages read as the golden file has them', () => {
  const texts = Object.entries(WRONG).map(([name, [spec]]) =>
    [`# ${name}`, ...refusalsOf(spec).map(formatReason), ''].join('\n'),
  );
  golden.assert('messages.txt', texts.join('\n'));
});

test('there is no golden file that no test compares', () => golden.assertNoStale());
