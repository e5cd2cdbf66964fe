import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { capEvidence } from '../../../src/lib/evidence/cap.ts';
import { MAX_RECORD_LENGTH, parseRecord, toSigned } from '../../../src/lib/evidence/parse.ts';
import { toStableJson } from '../../../src/lib/json.ts';
import { buildRecord } from '../../support/evidence.ts';

function problemOf(text: string): string {
  const parsed = parseRecord(text);
  return 'problem' in parsed ? parsed.problem : '';
}

/** A record with one field set by its path, or taken away. */
function withField(path: readonly (string | number)[], value: unknown): string {
  const record = structuredClone(buildRecord()) as unknown as Record<string | number, unknown>;
  const at = path.slice(0, -1).reduce((object, key) => object[key] as typeof record, record);
  const last = path.at(-1) as string;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return toStableJson(record);
}

test('a record comes back as it was written', () => {
  const record = buildRecord({ previous: 'a'.repeat(64) });
  assert.deepEqual(parseRecord(toStableJson(record)), { value: record });
});

test('what a newer walguard adds is let be', () => {
  assert.equal(problemOf(withField(['weather'], { sky: ['blue'] })), '');
  assert.equal(problemOf(withField(['versions', 'kernel'], '6.12')), '');
});

const WRONG: readonly (readonly [path: readonly (string | number)[], value: unknown, problem: RegExp])[] = [
  [['kind'], 'Secret', /kind is none of Evidence/],
  [['apiVersion'], 'walguard.dev/v2', /apiVersion is none of walguard\.dev\/v1alpha1/],
  [['id'], '../../etc/passwd', /id is no id of a record/],
  [['id'], '20261321T000000Z-orders-0-weekly', /id is no id/],
  [['message'], undefined, /message is missing/],
  [['message'], { toString: 'x' }, /message is no text/],
  [['outcome'], 'PASSED', /outcome is none of passed, failed, unknown/],
  [['outcome'], ['passed'], /outcome is none of/],
  [['startedAt'], 'yesterday', /startedAt is no time of RFC 3339/],
  [['startedAt'], '2026-11-21', /startedAt is no time/],
  [['startedAt'], '2026-13-41T00:00:00Z', /startedAt is no time/],
  [['database'], [], /database is no object/],
  [['database', 'name'], 1, /database\.name is no text/],
  [['target', 'resolved', 'latest'], 'yes', /target\.resolved\.latest is not true/],
  [['phases'], {}, /phases is no list/],
  [['phases', 1, 'seconds'], -1, /phases\[1\]\.seconds is no number of 0 or more/],
  [
    ['phases', 0, 'name'],
    'mine',
    /phases\[0\]\.name is none of look, stop, fetch, load, start, replay, put-back, checks/,
  ],
  [['checks', 2], null, /checks\[2\] is no object/],
  [['checks', 2, 'result'], 'ok', /checks\[2\]\.result is none of/],
  [['recovery', 'rtoSeconds'], '12', /recovery\.rtoSeconds is no number/],
  [['versions', 'digests', 'engine'], 'abc', /versions\.digests\.engine is no SHA-256 in hexadecimal/],
  [['previous'], 'abc', /previous is no SHA-256 in hexadecimal/],
];

for (const [path, value, problem] of WRONG) {
  test(`refused: ${path.join('.')} is ${JSON.stringify(value)}`, () =>
    assert.match(problemOf(withField(path, value)), problem));
}

const GOOD = toStableJson(buildRecord());

const OTHER_TEXTS: readonly (readonly [name: string, text: string, problem: RegExp])[] = [
  ['no JSON', '{', /its record is no JSON/],
  ['a number', '1', /its record is none: it is no object/],
  ['null', 'null', /it is no object/],
  ['white space', JSON.stringify(JSON.parse(GOOD), null, 1), /canonical form/],
  ['another order of keys', JSON.stringify(buildRecord()), /canonical form/],
  ['a key twice', GOOD.replace('"kind":', '"kind":"Evidence","kind":'), /canonical form/],
  ['a number written otherwise', GOOD.replace('"seconds":48.2', '"seconds":48.20'), /canonical form/],
  ['an escape that need not be', GOOD.replace('"kind":"E', '"kind":"\\u0045'), /canonical form/],
  ['a number that is rounded', GOOD.replace('"bytes":1288490188', '"bytes":12345678901234567891'), /canonical form/],
  ['a prototype', `{"__proto__":${GOOD.slice(0, -1)}}}`, /apiVersion is missing/],
  ['keys of every object', '{"constructor":1,"toString":2}', /apiVersion is missing/],
  [
    'deeper than the stack',
    GOOD.replace('"kind"', `"deep":${'['.repeat(200_000)}${']'.repeat(200_000)},"kind"`),
    /canonical form/,
  ],
];

for (const [name, text, problem] of OTHER_TEXTS) {
  test(`refused: ${name}`, () => assert.match(problemOf(text), problem));
}

test('a text is canonical for one value, and a value has one canonical text', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = toStableJson(value);
      assert.equal(toStableJson(JSON.parse(text)), text);
      assert.equal(text, toStableJson(JSON.parse(JSON.stringify(value, null, 2))));
    }),
  );
});

const UNSIGNED: readonly (readonly [value: unknown, problem: RegExp])[] = [
  [undefined, /there is no "record" in it/],
  ['text', /there is no "record"/],
  [[], /there is no "record"/],
  [JSON.parse('{"__proto__":{"record":"x"}}'), /there is no "record"/],
  [{ record: {} }, /"record" is no text/],
  [{ record: '', signature: 1 }, /"signature" is no text/],
  [{ record: '', publicKey: {} }, /"publicKey" is no text/],
  [{ record: 'x'.repeat(MAX_RECORD_LENGTH + 1) }, /"record" has 1048577 characters; walguard writes at most 1048576/],
];

for (const [value, problem] of UNSIGNED) {
  test(`no evidence: ${JSON.stringify(value)?.slice(0, 60)}`, () => {
    const signed = toSigned(value);
    assert.ok('problem' in signed);
    assert.match(signed.problem, problem);
  });
}

test('long answers are shortened, and more so where the record would not fit', () => {
  const check = {
    name: 'sql:all',
    result: 'failed',
    expected: 'e'.repeat(9000),
    seen: 's'.repeat(5000),
    seconds: 1,
  } as const;
  const once = capEvidence(buildRecord({ checks: [check] }), 100_000).checks[0];
  assert.equal(once?.seen, `${'s'.repeat(4096)} ... (904 characters more)`);
  assert.equal(once?.expected, `${'e'.repeat(4096)} ... (4904 characters more)`);
  const many = capEvidence(buildRecord({ checks: Array.from({ length: 50 }, () => check) }), 100_000);
  assert.ok(JSON.stringify(many).length <= 100_000);
  assert.equal(many.checks[49]?.seen, `${'s'.repeat(256)} ... (4744 characters more)`);
});

test('what is short stays as it is', () => {
  const record = buildRecord();
  assert.deepEqual(capEvidence(record, 100_000), record);
});
