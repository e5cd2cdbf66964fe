// The catalogue of codes against the source: what walguard can say is explained, and what is explained it can say.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import packageJson from '../../package.json' with { type: 'json' };
import { CODE_GROUPS } from '../../src/inject/codes.ts';
import { CATALOGUE } from '../generate/catalogue.ts';
import { ROOT } from '../generate/files.ts';

const entries = CATALOGUE.flatMap((section) => section.entries);
const explained = entries.map(({ id }) => id);
const ruleFiles = globSync('src/policy/rules/*/*.ts', { cwd: ROOT });

const ID = "'([a-z][a-z-]*)'";

/**
 * Where each code is given: what is written as the code of a reason or an answer, what is passed as a parameter `code`,
 * and what a function returns that is called for one.
 */
function listGiven(): ReadonlyMap<string, string> {
  const given = new Map<string, string>();
  for (const file of globSync('src/**/*.ts', {
    cwd: ROOT,
    exclude: ['src/inject/codes/**', 'src/policy/rules/*/**'],
  })) {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const takers = [...text.matchAll(/function (\w+)\(\s*code: string/g)].map(([, name]) => `\\b${name}\\(\\s*`);
    const places = ['\\bcode: ', '\\bcode = ', "\\bcode: [^'\n]*\\?\\??[ :] ?", ...takers];
    const makers = [...text.matchAll(/\bcode: [^'\n]*?(\w+)\(/g)].map(([, name]) => bodyOf(text, name ?? ''));
    const found = [
      ...text.matchAll(new RegExp(`(?:${places.join('|')})${ID}`, 'g')),
      ...makers.flatMap((body) => [...body.matchAll(new RegExp(`(?:return|\\?|:) ${ID}`, 'g'))]),
    ];
    for (const [, code = ''] of found) given.set(code, file);
  }
  // In CEL a message is a text of its own.
  for (const file of globSync('policies/admission/*.yaml', { cwd: ROOT })) {
    for (const [, code = ''] of readFileSync(join(ROOT, file), 'utf8').matchAll(/'([a-z-]+): \S/g))
      given.set(code, file);
  }
  return given;
}

function bodyOf(text: string, name: string): string {
  return new RegExp(`^function ${name}\\([\\s\\S]*?^}`, 'm').exec(text)?.[0] ?? '';
}

const given = listGiven();

test('the source gives codes at all, the plain ones and those that are passed on', () => {
  for (const code of ['not-postgres', 'pgdata-unknown', 'operator-owned', 'exempt', 'injected', 'mode-unknown'])
    assert.ok(given.has(code), code);
  assert.ok(given.size > 30);
});

test('every code that the source gives is explained', () => {
  const missing = [...given].filter(([code]) => !explained.includes(code));
  assert.deepEqual(missing, [], 'write each into a rule, or into src/inject/codes/');
});

test('every code of the tables is given somewhere', () => {
  const stale = CODE_GROUPS.flatMap(({ codes }) => Object.keys(codes)).filter((code) => !given.has(code));
  assert.deepEqual(stale, [], 'delete each from src/inject/codes/');
});

test('every rule has a file of its name, and is in the catalogue', () => {
  const rules = CATALOGUE.flatMap((section) => section.entries).filter(({ severity }) => severity !== undefined);
  assert.deepEqual(ruleFiles.map((file) => basename(file, '.ts')).sort(), rules.map(({ id }) => id).sort());
});

test('a code means one thing', () => {
  const twice = explained.filter((id, index) => explained.indexOf(id) !== index);
  assert.deepEqual(twice, []);
});

test('in each section the codes are sorted, so that one is found', () => {
  for (const { title, entries: own } of CATALOGUE) {
    const ids = own.map(({ id }) => id);
    assert.deepEqual(ids, [...ids].sort(), title);
  }
});

test('every text is there: sentences, and a version that has been', () => {
  for (const { id, since, describe, remedy } of entries) {
    assert.match(id, /^[a-z]+(-[a-z]+)*$/);
    assert.match(describe, /^\S.*[a-z0-9)"]\.$/i, `${id}: describe`);
    assert.match(remedy, /^\S.*[a-z0-9)"/]\.$/i, `${id}: remedy`);
    assert.ok(compareVersions(since, packageJson.version) <= 0, `${id}: since ${since}`);
  }
});

function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

test('no directory of rules is left out of the catalogue', () => {
  assert.ok(ruleFiles.length > 0);
  const lists = new Set(ruleFiles.map((file) => `${basename(dirname(file))}.ts`));
  const known = globSync('src/policy/rules/*.ts', { cwd: ROOT }).map((file) => basename(file));
  assert.deepEqual(
    [...lists].filter((list) => !known.includes(list)),
    [],
  );
});
