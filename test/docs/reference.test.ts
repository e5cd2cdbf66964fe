// The generated parts of policies/README.md: current, complete, and true.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { escapeText, fillBlocks, markOf, row } from '../generate/blocks.ts';
import { listNotCarriedOut, worksOf } from '../generate/carried-out.ts';
import { CATALOGUE } from '../generate/catalogue.ts';
import { listFields } from '../generate/fields.ts';
import { ROOT } from '../generate/files.ts';
import { buildPoliciesReadme } from '../generate/policies-readme.ts';
import { listReadyPolicies } from '../generate/ready-policies.ts';

const readme = readFileSync(join(ROOT, 'policies/README.md'), 'utf8');
const fields = new Map(listFields().map((field) => [field.path, field]));

test('the page is what the source gives', () => {
  assert.ok(readme === buildPoliciesReadme().get('policies/README.md'), 'run: npm run generate');
});

test('every ready policy is on the page, with whom it serves', () => {
  for (const { name, serves } of listReadyPolicies()) {
    assert.ok(readme.includes(`| [\`${name}\`](${name}.yaml) | ${serves} |`), name);
  }
});

test('every code has a heading, which is its anchor', () => {
  const headings = [...readme.matchAll(/^#### (.+)$/gm)].map(([, heading]) => heading);
  assert.deepEqual(
    headings,
    CATALOGUE.flatMap(({ entries }) => entries.map(({ id }) => id)),
  );
});

test('every field of a BackupPolicy is on the page, and says what it means', () => {
  for (const [path, { schema }] of fields) {
    assert.ok(readme.includes(`| \`${path}\` |`), path);
    assert.ok(schema.description, `${path} has no description`);
  }
  for (const path of ['spec.drills[].checks[].sql', 'spec.notify[].telegram.secret', 'spec.storage.volume.size'])
    assert.ok(fields.has(path), path);
});

test('a table of the page has as many cells in each row as in its head', () => {
  for (const [lines] of readme.matchAll(/(?:^\|.*\n)+/gm)) {
    const counts = lines
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/(?<!\\)\|/).length);
    assert.equal(new Set(counts).size, 1, lines.split('\n')[0]);
  }
});

test('what this version carries out is told field by field, and value by value', () => {
  const told = (path: string) => worksOf(path, fields.get(path)?.schema ?? assert.fail(path));
  assert.equal(told('spec.archive.timeout'), 'yes');
  assert.equal(told('spec.storage.s3.prefix'), 'yes');
  assert.equal(told('spec.storage.volume.size'), 'yes');
  assert.equal(told('spec.encryption.method'), 'yes');
  assert.equal(told('spec.storage.s3.lifecycleRule.expireAfterDays'), 'not yet');
  assert.equal(told('spec.dump.destination.volume.size'), 'yes');
  assert.equal(told('spec.drills[].schedule'), 'yes');
  assert.equal(told('spec.drills[].namespace'), 'yes');
  assert.equal(told('spec.objectives.onStaleDrill'), 'yes');
  assert.equal(told('spec.recovery.mode'), 'only `off`');
  assert.equal(told('spec.recovery.cooldown'), 'not yet');
  assert.equal(told('spec.health.interval'), 'not yet');
  assert.equal(told('spec.baseBackup.method'), 'yes');
  assert.equal(told('spec.baseBackup.deltaSteps'), 'yes');
  assert.equal(told('spec.metrics.pushgateway.url'), 'yes');
  assert.equal(told('spec.archive.onStorageFull'), 'yes');
  assert.equal(told('spec.archive.switchAtLeastEvery'), 'yes');
  assert.equal(told('spec.retention.keepDaily'), 'yes');
});

test('of a ready policy it is told even where it says what is the default', () => {
  assert.deepEqual(
    listNotCarriedOut({ archive: { timeout: '60s', onStorageFull: 'block' }, health: { interval: '60s' } }),
    ['spec.health'],
  );
  assert.match(readme, /\(self-healing\.yaml\).+\| .*`health`.*`recovery`.* \|/);
});

const PAGE = `before\n${markOf('one')}\nold\n<!-- end of generated -->\nafter\n`;

test('a block is written between its marks, and what people wrote stays', () => {
  const filled = fillBlocks(PAGE, { one: 'new $& text' });
  assert.equal(filled, `before\n${markOf('one')}\n\nnew $& text\n\n<!-- end of generated -->\nafter\n`);
  assert.equal(fillBlocks(filled, { one: 'new $& text' }), filled);
});

test('a mark without a block, a block without a mark, and a mark without an end are faults', () => {
  assert.throws(() => fillBlocks(PAGE, {}), /the marks of the page are one, and the blocks are /);
  assert.throws(() => fillBlocks(PAGE, { one: '', two: '' }), /the blocks are one, two/);
  assert.throws(() => fillBlocks(PAGE + PAGE, { one: '' }), /the marks of the page are one, one/);
  assert.throws(() => fillBlocks(`${markOf('one')}\n`, { one: '' }), /the block one has no/);
});

test('what would break a table or be taken for a tag is escaped, but not in code', () => {
  assert.equal(row('a|b', 'c\nd'), '| a\\|b | c d |');
  assert.equal(escapeText('<a> `<b>` <c>'), '\\<a> `<b>` \\<c>');
});
