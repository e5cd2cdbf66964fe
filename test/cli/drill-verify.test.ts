import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { SignedEvidence } from '../../src/api/evidence.ts';
import { EXIT } from '../../src/api/names.ts';
import { toStableJson } from '../../src/lib/json.ts';
import { signRecord } from '../../src/tools/evidence.ts';
import { buildChain, buildRecord, keyOf, publicPem } from '../support/evidence.ts';
import { makeTempDir } from '../support/temp.ts';
import { drill, storeRecords, writeTo } from './drill-evidence.ts';

const CHAIN = buildChain([{}, {}, {}]);
const [first, second, third] = CHAIN as [SignedEvidence, SignedEvidence, SignedEvidence];

async function keyFile(context: TestContext, words: string): Promise<string> {
  return writeTo(await makeTempDir(context), 'public.pem', publicPem(keyOf(words)));
}

test('a whole chain by the key that is trusted', async (context) => {
  const { folder } = await storeRecords(context, CHAIN);
  const { result, stdout, stderr } = await drill(
    'verify-report',
    '--public-key',
    await keyFile(context, 'the test'),
    folder,
  );
  assert.equal(result, EXIT.ok, stdout);
  const lines = stdout.trim().split('\n');
  assert.equal(lines.length, 4);
  assert.match(
    lines[0] ?? '',
    /^ok {5}.*20261121T001342Z-orders-0-weekly\.json: 20261121T001342Z-orders-0-weekly: drill "weekly" of shop\/orders: passed: the signature is valid \(key with SHA-256 [0-9a-f]{64}\)$/,
  );
  assert.match(
    lines[3] ?? '',
    /^ok .*: shop\/orders: 3 records, chain whole, signed by the key with SHA-256 [0-9a-f]{64}, from 20261121T00.* to 20261121T02/,
  );
  assert.match(stderr, /What no chain shows: a newest record that was taken away/);
  assert.match(stderr, /nothing is wrong/);
});

test('without a key to trust it is said plainly what that shows, and what not', async (context) => {
  const { folder } = await storeRecords(context, CHAIN);
  const { result, stderr } = await drill('verify-report', folder);
  assert.equal(result, EXIT.ok);
  assert.match(
    stderr,
    /No --public-key was given.*show that nothing was altered since it was signed, not who signed it/,
  );
});

const altered: SignedEvidence = {
  ...second,
  record: second.record.replace('"outcome":"passed"', '"outcome":"failed"'),
};
const forged = buildChain([{}, {}], keyOf('somebody else')) as [SignedEvidence, SignedEvidence];

const WRONG: readonly (readonly [name: string, records: readonly SignedEvidence[], says: readonly RegExp[]])[] = [
  ['a record is missing', [first, third], [/^WRONG .*: NOT WHOLE|^WRONG .*a record after 20261121T00\S+ is missing/m]],
  [
    'one was altered',
    [first, altered, third],
    [/^WRONG .*T011342Z.*the signature does not fit/m, /as that was before it was altered/],
  ],
  ['one is not signed', [first, { record: second.record }, third], [/^WRONG .*T011342Z.*it is not signed/m]],
  ['all are by a key that nobody trusts', forged, [/^WRONG .*T001342Z.*none of those trusted/m]],
  ['two follow the same one', [first, second, ...fork()], [/both say that they follow the same record/]],
];

function fork(): SignedEvidence[] {
  const { previous } = JSON.parse(second.record) as { previous: string };
  return [
    signRecord(toStableJson(buildRecord({ id: '20261121T031342Z-orders-0-weekly', previous })), keyOf('the test')),
  ];
}

for (const [name, records, says] of WRONG) {
  test(`wrong: ${name}`, async (context) => {
    const { folder } = await storeRecords(context, records);
    const { result, stdout, stderr } = await drill(
      'verify-report',
      '--public-key',
      await keyFile(context, 'the test'),
      folder,
    );
    assert.equal(result, EXIT.failed);
    for (const words of says) assert.match(stdout, words);
    assert.match(stderr, /\d things? (?:is|are) wrong/);
  });
}

test('two keys in one chain are wrong, until both are named', async (context) => {
  const old = CHAIN.slice(0, 2);
  const rotated = signRecord(third.record, keyOf('the next one'));
  const { folder } = await storeRecords(context, [...old, rotated]);
  const alone = await drill('verify-report', folder);
  assert.equal(alone.result, EXIT.failed);
  assert.match(alone.stdout, /signed by 2 keys, none of which was named as one to trust/);
  const keys = [await keyFile(context, 'the test'), await keyFile(context, 'the next one')];
  const named = await drill('verify-report', folder, ...keys.flatMap((key) => ['--public-key', key]));
  assert.equal(named.result, EXIT.ok, named.stdout);
});

test('chains of several databases are told apart, below a copy of a whole store', async (context) => {
  const { root } = await storeRecords(context, CHAIN);
  const database = { ...buildRecord().database, name: 'carts' };
  const carts = buildChain([{ database }, { database }]);
  for (const [index, each] of carts.entries())
    await writeTo(join(root, 'shop/carts/evidence'), `${index}.json`, toStableJson(each));
  await writeTo(
    join(root, 'shop/orders/15/7710543307137138721/basebackups_005'),
    'base_backup_stop_sentinel.json',
    '{}',
  );
  const { result, stdout } = await drill('verify-report', root);
  assert.equal(result, EXIT.ok, stdout);
  assert.match(stdout, /shop\/carts: 2 records, chain whole/);
  assert.match(stdout, /shop\/orders: 3 records, chain whole/);
  assert.doesNotMatch(stdout, /sentinel/);
});

test('the newest records alone are whole, and it is said that there were earlier ones', async (context) => {
  const { folder } = await storeRecords(context, CHAIN.slice(1));
  const { result, stdout } = await drill('verify-report', folder);
  assert.equal(result, EXIT.ok);
  assert.match(stdout, /and earlier records are not among these/);
});

test('a page is checked with its words', async (context) => {
  const { folder, root } = await storeRecords(context, CHAIN);
  const made = await drill('report', '--records', folder, '-o', 'html');
  const page = await writeTo(root, 'page.html', made.stdout);
  const whole = await drill('verify-report', page);
  assert.equal(whole.result, EXIT.ok, whole.stdout);
  assert.match(whole.stdout, /ok .*page\.html: the page says what its records say/);
  const mailed = await drill('verify-report', await writeTo(root, 'mailed.html', made.stdout.replaceAll('\n', '\r\n')));
  assert.equal(mailed.result, EXIT.ok, 'other line ends change no words');
  const edited = await drill(
    'verify-report',
    await writeTo(root, 'edited.html', made.stdout.replace('2m 27s', '1m 27s')),
  );
  assert.equal(edited.result, EXIT.failed);
  assert.match(
    edited.stdout,
    /WRONG .*edited\.html: the page is not what its records give: it was changed since\. Read it anew/,
  );
  const other = made.stdout.replaceAll('1.2.3', '1.0.0').replace('2m 27s', '1m 27s');
  const old = await drill('verify-report', await writeTo(root, 'old.html', other));
  assert.equal(old.result, EXIT.failed, 'what cannot be compared is not good');
  assert.match(old.stdout, /only made by another version \(1\.0\.0, and this is 1\.2\.3\)/);
});

test('a report as JSON is checked, too', async (context) => {
  const { folder, root } = await storeRecords(context, CHAIN);
  const { stdout } = await drill('report', '--records', folder, '-o', 'json');
  const { result } = await drill('verify-report', await writeTo(root, 'report.json', stdout));
  assert.equal(result, EXIT.ok);
  const worse = await writeTo(root, 'worse.json', stdout.replaceAll('\\"passed\\"', '\\"failed\\"'));
  assert.equal((await drill('verify-report', worse)).result, EXIT.failed);
});

const HOSTILE: readonly (readonly [name: string, text: string | Uint8Array, says: RegExp])[] = [
  ['empty', '', /it is empty/],
  ['no JSON', 'hello', /it is neither JSON nor JSON lines/],
  ['three megabytes of brackets', '['.repeat(3_000_000), /it is neither JSON/],
  [
    'a record of three megabytes',
    JSON.stringify({ record: 'x'.repeat(3_000_000) }),
    /"record" has 3000000 characters; walguard writes at most/,
  ],
  ['no text at all', new Uint8Array([0xff, 0xfe, 0x00]), /it is not UTF-8 text/],
  ['a prototype', '{"__proto__":{"record":"{}"}}', /there is no "record" in it/],
  ['no record in it', '{"record":"{}"}', /its record is none: apiVersion is missing/],
  [
    'not canonical',
    JSON.stringify({ ...first, record: JSON.stringify(JSON.parse(first.record), null, 1) }),
    /not in canonical form/,
  ],
  ['a terminal that is steered', '{"record":"\\u001b]0;owned"}', /its record is no JSON/],
  [
    'an empty report',
    JSON.stringify({
      apiVersion: 'walguard.dev/v1alpha1',
      kind: 'EvidenceReport',
      generatedAt: '2026-11-21T00:00:00Z',
      walguard: '1',
      records: [],
    }),
    /there are no records in it/,
  ],
];

for (const [name, text, says] of HOSTILE) {
  test(`a clean error: ${name}`, async (context) => {
    const file = await writeTo(await makeTempDir(context), 'x.json', text);
    const { result, stdout, stderr } = await drill('verify-report', file);
    assert.equal(result, EXIT.failed);
    assert.match(stdout + stderr, says);
    assert.match(stdout + stderr, /x\.json/);
    assert.doesNotMatch(stdout + stderr, /(?!\n)\p{Cc}|\bat .*\.ts:/u);
  });
}

test('a good record beside a bad one is told all the same', async (context) => {
  const { folder } = await storeRecords(context, [first, second]);
  await writeTo(folder, 'note.json', '{}');
  const { result, stdout } = await drill('verify-report', folder);
  assert.equal(result, EXIT.failed);
  assert.match(stdout, /^WRONG .*note\.json: it is no evidence/m);
  assert.match(stdout, /^ok .*2 records, chain whole/m);
});

test('what is not there is said, with what to do', async (context) => {
  const { root, folder, files } = await storeRecords(context, [first]);
  for (const file of files) await rm(file);
  assert.match(
    (await drill('verify-report', join(root, 'nowhere'))).stderr,
    /there is no such file or directory\. Correct the path/,
  );
  const empty = await drill('verify-report', folder);
  assert.equal(empty.result, EXIT.failed);
  assert.match(
    empty.stderr,
    /there are no \.json, \.jsonl or \.html files in it.*Copy the folder of a database from the store/,
  );
});

test('a key that is none stops it before any record is believed', async (context) => {
  const { folder, root } = await storeRecords(context, CHAIN);
  for (const [name, text] of [
    ['x.pem', 'hello'],
    ['private.pem', keyOf('the test').export({ type: 'pkcs8', format: 'pem' }) as string],
  ] as const) {
    const { result, stdout, stderr } = await drill(
      'verify-report',
      '--public-key',
      await writeTo(root, name, text),
      folder,
    );
    assert.equal(result, EXIT.failed);
    assert.equal(stdout, '');
    assert.match(
      stderr,
      /--public-key .*\.pem: it is no Ed25519 public key \(SPKI, PEM\)\. Give the entry public\.pem/,
    );
  }
  assert.match(
    (await drill('verify-report', '--public-key', join(root, 'none'), folder)).stderr,
    /--public-key .*none: ENOENT/,
  );
});

test('usage: no file is wrong usage, and its help has examples', async () => {
  assert.equal((await drill('verify-report')).result, EXIT.usage);
  const { result, stdout } = await drill('verify-report', '--help');
  assert.equal(result, EXIT.ok);
  assert.match(stdout, /Examples:\n.*kubectl -n shop get secret walguard-evidence/);
});
