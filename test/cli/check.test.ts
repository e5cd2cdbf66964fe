import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EXIT } from '../../src/api/names.ts';
import { judgeAll } from '../../src/cli/result.ts';
import { formatTable } from '../../src/cli/table.ts';
import { findObjects } from '../../src/manifest/objects.ts';
import { parseSource } from '../../src/manifest/parse.ts';
import { openGoldenFolder } from '../support/golden.ts';
import { IMAGE, SETTINGS } from '../support/workloads.ts';
import { DEPLOYMENT, EXEMPT, PROTECTED, REFUSED, SERVICE, stream, UNPROTECTED } from './manifests.ts';
import { reportOf, runByOwnPolicies, writeFiles } from './offline.ts';

const golden = openGoldenFolder(import.meta.url, './golden/check/');

const EVERYTHING = {
  'a.yaml': stream(PROTECTED, SERVICE, UNPROTECTED, REFUSED),
  'b.yml': stream('# nothing but a comment\n', EXEMPT, DEPLOYMENT),
  'broken.yaml': 'kind: StatefulSet\nmetadata: {name: x\nspec: 1\n',
  'notes.txt': 'kind: StatefulSet\n',
};

for (const format of ['table', 'json', 'junit', 'sarif'] as const) {
  test(`${format}: every verdict, and a file that cannot be read`, async (context) => {
    const directory = await writeFiles(context, EVERYTHING);
    const result = await runByOwnPolicies('check', '-f', directory, '-o', format);
    assert.equal(result.result, EXIT.failed);
    golden.assert(`everything.${format}`, result.stdout.replaceAll(directory, '/manifests'));
    golden.assert('stderr.txt', reportOf(result).replaceAll(directory, '/manifests'));
  });
}

interface Row {
  readonly name: string;
  readonly kind: string;
  readonly verdict: string;
  readonly flavour: string | null;
  readonly reasons: { code: string; field: string; seen: string; remedy: string }[];
  readonly namespace: string | null;
  readonly line: number;
}

async function check(context: TestContext, text: string, ...args: string[]): Promise<{ rows: Row[]; code: number }> {
  const directory = await writeFiles(context, { 'in.yaml': text });
  const { result, stdout } = await runByOwnPolicies('check', '-f', join(directory, 'in.yaml'), '-o', 'json', ...args);
  return { rows: (JSON.parse(stdout) as { results: Row[] }).results, code: result };
}

const EXITS: readonly (readonly [name: string, text: string, args: string[], verdicts: string[], code: number])[] = [
  ['a protected one', PROTECTED, [], ['protected'], EXIT.ok],
  ['an exempt one', EXEMPT, [], ['exempt'], EXIT.ok],
  ['an exempt one, and an assumed policy', EXEMPT, ['--policy', 'standard'], ['exempt'], EXIT.ok],
  ['no database', DEPLOYMENT, [], ['ignored'], EXIT.ok],
  ['no workload', SERVICE, [], [], EXIT.ok],
  ['nothing', '', [], [], EXIT.ok],
  ['an unprotected one', UNPROTECTED, [], ['unprotected'], EXIT.failed],
  ['an unprotected one, and an assumed policy', UNPROTECTED, ['--policy', 'standard'], ['protected'], EXIT.ok],
  ['a refused one', REFUSED, [], ['refused'], EXIT.failed],
];

for (const [name, text, args, verdicts, code] of EXITS) {
  test(`${name}: ${verdicts.join() || 'no result'}, ${code}`, async (context) => {
    const { rows, code: actual } = await check(context, text, ...args);
    assert.deepEqual(
      rows.map(({ verdict }) => verdict),
      verdicts,
    );
    assert.equal(actual, code);
  });
}

test('a policy that does not exist is named, with those that do', async (context) => {
  const { rows } = await check(context, UNPROTECTED, '--policy', 'gold');
  const [reason] = rows[0]?.reasons ?? [];
  assert.equal(reason?.code, 'policy-unknown');
  assert.match(reason.remedy, /^There are: .*\bpitr, .*\bstandard\b.*\.$/);
});

test('an old StatefulSet, a List, and a List of StatefulSets are looked into', async (context) => {
  const old = PROTECTED.replace('apps/v1', 'apps/v1beta1');
  const item = (text: string) => text.trimEnd().replace(/^/gm, '    ').replace('    #', '  - #');
  const list = `kind: List\nitems:\n${item(PROTECTED)}\n`;
  const typed = `apiVersion: apps/v1\nkind: StatefulSetList\nitems:\n${item(PROTECTED.replace(/^(apiVersion|kind).*\n/gm, ''))}\n`;
  const { rows } = await check(context, stream(old, list, typed));
  assert.deepEqual(
    rows.map(({ name, kind, verdict, line }) => [name, kind, verdict, line]),
    [
      ['orders', 'StatefulSet', 'protected', 2],
      ['orders', 'StatefulSet', 'protected', 24],
      ['orders', 'StatefulSet', 'protected', 47],
    ],
  );
});

const MALFORMED: Readonly<Record<string, (text: string) => string>> = {
  'containers that are a string': (text) =>
    text.replace(/containers:\n[\s\S]*?(?= {2}volumeClaim)/, 'containers: none\n'),
  'a container that is null': (text) => text.replace('      - name: postgres', '      -\n      - name: postgres'),
  'a container that is a number': (text) => text.replace('      - name: postgres', '      - 5\n      - name: postgres'),
  'variables that are a number': (text) => text.replace('        image:', '        env: 5\n        image:'),
  'a variable that is null': (text) => text.replace('        image:', '        env: [null]\n        image:'),
  'arguments that are a number': (text) => text.replace('        image:', '        args: [1, true]\n        image:'),
  'mounts that are a string': (text) => text.replace(/volumeMounts:\n.*/, 'volumeMounts: all'),
  'a mount without a path': (text) => text.replace(', mountPath: /var/lib/postgresql/data', ''),
  'an image that is a list': (text) => text.replace('postgres:15', '[postgres]'),
  'a template that is a list': (text) => text.replace(/template:\n[\s\S]*?(?= {2}volumeClaim)/, 'template: []\n'),
  'a spec that is missing': (text) => text.replace(/^spec:[\s\S]*/m, ''),
  'metadata that are a string': (text) => text.replace(/metadata:\n[\s\S]*?(?=^spec)/m, 'metadata: orders\n'),
  'annotations that are a list': (text) => text.replace(/annotations:\n.*/, 'annotations: [a]'),
  'an annotation that is a number': (text) => text.replace('policy: standard', 'policy: 5'),
  'claim templates that are an object': (text) =>
    text.replace(/volumeClaimTemplates:[\s\S]*/, 'volumeClaimTemplates: {a: 1}\n'),
  'a name that is a number': (text) => text.replace('name: orders', 'name: 5'),
};

for (const [name, change] of Object.entries(MALFORMED)) {
  test(`${name}: a verdict, and no crash of any verb`, async (context) => {
    const text = change(PROTECTED);
    assert.notEqual(text, PROTECTED);
    const directory = await writeFiles(context, { 'in.yaml': text });
    const { rows } = await check(context, text, '--policy', 'standard');
    assert.equal(rows.length, 1);
    for (const { code, field, seen, remedy } of rows[0]?.reasons ?? []) assert.ok(code && field && seen && remedy);
    for (const verb of ['inject', 'explain', 'diff']) {
      const { result } = await runByOwnPolicies(verb, '-f', directory, '--policy', 'standard');
      assert.ok([0, 1, 2].includes(result));
    }
  });
}

test('a directory is read in order, and its directories only when asked', async (context) => {
  const directory = await writeFiles(context, { 'b.yaml': PROTECTED, 'a.json': JSON.stringify({ kind: 'Pod' }) });
  await mkdir(join(directory, 'sub'));
  await writeFile(join(directory, 'sub', 'c.yml'), DEPLOYMENT);
  const kinds = async (...args: string[]) => {
    const { stdout } = await runByOwnPolicies('check', '-f', directory, '-o', 'json', ...args);
    return (JSON.parse(stdout) as { results: Row[] }).results.map(({ kind }) => kind);
  };
  assert.deepEqual(await kinds(), ['Pod', 'StatefulSet']);
  assert.deepEqual(await kinds('-R'), ['Pod', 'StatefulSet', 'Deployment']);
});

const UNREADABLE: readonly (readonly [name: string, text: string | Uint8Array, says: RegExp])[] = [
  ['a key that is there twice', 'a: 1\nb: 2\na: 3\n', /in\.yaml:3:1: .*unique.* Keep one of the two/],
  ['a tab', 'a:\n\tb: 1\n', /in\.yaml:2:1: .*Tabs.* Indent with blanks/],
  ['a template of Helm', 'a: 1\nb: {{ .Values.b }}\nc: {{- end }}\n', /in\.yaml:\d+:\d+: .*must be rendered first/],
  [
    'bytes that are not UTF-8',
    new Uint8Array([97, 58, 32, 0xff]),
    /in\.yaml: this is not UTF-8 text\. Save it as UTF-8/,
  ],
  [
    'a million aliases',
    `a: &a [x]\n${'bcdefghij'
      .split('')
      .map((key, i) => `${key}: &${key} [${`*${'abcdefghi'[i]},`.repeat(20)}]`)
      .join('\n')}\n`,
    /cannot be read as YAML/,
  ],
];

for (const [name, text, says] of UNREADABLE) {
  test(`${name}: 1, the place and what to do; the other files count`, async (context) => {
    const directory = await writeFiles(context, { 'z.yaml': PROTECTED });
    await writeFile(join(directory, 'in.yaml'), text);
    const { result, stdout, stderr } = await runByOwnPolicies('check', '-f', directory, '-o', 'json');
    assert.equal(result, EXIT.failed);
    assert.match(stderr, says);
    assert.equal((JSON.parse(stdout) as { results: Row[] }).results.length, 1);
  });
}

test('a file that is not there: 1, and its name', async () => {
  const { result, stderr } = await runByOwnPolicies('check', '-f', '/nowhere/orders.yaml');
  assert.equal(result, EXIT.failed);
  assert.match(stderr, /^\/nowhere\/orders\.yaml: there is no such file or directory\. Correct the path\.$/m);
});

test('colours only where they are wanted; without them the same text', () => {
  const file = parseSource({ file: 'a.yaml', text: stream(PROTECTED, UNPROTECTED) });
  assert.ok('documents' in file);
  const context = { findSettings: () => SETTINGS, image: IMAGE, today: '2026-11-21' };
  const judged = judgeAll(findObjects(file), context);
  const coloured = formatTable(judged, true);
  const escaped = coloured.replaceAll('\u001b', 'ESC');
  assert.ok(escaped.includes('ESC[32mprotectedESC[0m') && escaped.includes('ESC[31munprotectedESC[0m'), escaped);
  assert.equal(escaped.replaceAll(/ESC\[\d+m/g, ''), formatTable(judged, false));
});

test('SARIF: every result has a rule, a known level and a line in its file', async (context) => {
  const directory = await writeFiles(context, EVERYTHING);
  const { stdout } = await runByOwnPolicies('check', '-f', directory, '-o', 'sarif');
  const { version, runs } = JSON.parse(stdout);
  assert.equal(version, '2.1.0');
  const [{ tool, results, invocations }] = runs;
  assert.ok(results.length > 3);
  for (const { ruleId, ruleIndex, level, message, locations } of results) {
    assert.equal(tool.driver.rules[ruleIndex].id, ruleId);
    assert.ok(['error', 'warning', 'note'].includes(level));
    assert.ok(message.text.length > 0);
    const { artifactLocation, region } = locations[0].physicalLocation;
    assert.match(artifactLocation.uri, /^file:\/\/\/.*\.ya?ml$/);
    assert.ok(Number.isInteger(region.startLine) && region.startLine >= 1);
  }
  assert.equal(invocations[0].executionSuccessful, false);
});

test('SARIF: a reason stands at the line of its field', async (context) => {
  const directory = await writeFiles(context, { 'in.yaml': REFUSED });
  const { stdout } = await runByOwnPolicies('check', '-f', directory, '-o', 'sarif');
  const lines = JSON.parse(stdout).runs[0].results.map(
    (each: { locations: { physicalLocation: { region: { startLine: number } } }[] }) =>
      each.locations[0]?.physicalLocation.region.startLine,
  );
  const line = REFUSED.split('\n').findIndex((text) => text.includes('args:')) + 1;
  assert.deepEqual([...new Set(lines)], [line]);
});

test('what the webhook would warn of is said, with its line, and fails nothing', async (context) => {
  const text = PROTECTED.replace(
    '    walguard.dev/policy',
    '    walguard.dev/flavor: bitnami\n    walguard.dev/policy',
  );
  const directory = await writeFiles(context, { 'in.yaml': text });
  const { result, stderr } = await runByOwnPolicies('check', '-f', directory);
  assert.equal(result, EXIT.ok);
  assert.match(
    stderr,
    /in\.yaml:8: StatefulSet "orders": annotation-unknown: .*Did you mean "walguard\.dev\/flavour"\?$/m,
  );
  const { stdout } = await runByOwnPolicies('check', '-f', directory, '-o', 'sarif');
  const [found] = JSON.parse(stdout).runs[0].results;
  assert.deepEqual([found.ruleId, found.level], ['annotation-unknown', 'warning']);
});

test('JUnit: the counts are those of the cases, and no character breaks the XML', async (context) => {
  const directory = await writeFiles(context, EVERYTHING);
  const { stdout } = await runByOwnPolicies('check', '-f', directory, '-o', 'junit');
  const count = (tag: string) => (stdout.match(new RegExp(`<${tag}[ />]`, 'g')) ?? []).length;
  const stated = (name: string) => Number(new RegExp(`<testsuite .*\\b${name}="(\\d+)"`).exec(stdout)?.[1]);
  assert.deepEqual(
    [stated('tests'), stated('failures'), stated('errors'), stated('skipped')],
    [count('testcase'), count('failure'), count('error'), count('skipped')],
  );
  assert.equal(stdout.replaceAll(/<[^<>]*>|&(amp|lt|gt|quot);/g, '').match(/[<>&]/), null);
});

test('no golden is left over', () => golden.assertNoStale());
