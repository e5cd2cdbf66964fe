// inject, uninject and diff as commands: what goes to stdout, to stderr and to the files.
import assert from 'node:assert/strict';
import { chmod, readdir, readFile, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { applyPatch } from 'diff';
import { EXIT } from '../../src/api/names.ts';
import { openGoldenFolder } from '../support/golden.ts';
import { DEPLOYMENT, EXEMPT, PROTECTED, REFUSED, SERVICE, stream, UNPROTECTED } from './manifests.ts';
import { reportOf, runByOwnPolicies, runOffline, writeFiles } from './offline.ts';

const golden = openGoldenFolder(import.meta.url, './golden/rewrite/');

test('inject prints the manifests with the injection, and says what it did with each object', async (context) => {
  const text = stream(PROTECTED, SERVICE, UNPROTECTED, EXEMPT, DEPLOYMENT);
  const directory = await writeFiles(context, { 'in.yaml': text });
  const result = await runByOwnPolicies('inject', '-f', join(directory, 'in.yaml'));
  assert.equal(result.result, EXIT.ok);
  golden.assert('inject.yaml', result.stdout);
  golden.assert('inject.txt', reportOf(result));
});

test('--policy is written to the databases that name none and are not exempt', async (context) => {
  const directory = await writeFiles(context, { 'in.yaml': stream(UNPROTECTED, EXEMPT, PROTECTED) });
  const { stdout } = await runByOwnPolicies('inject', '-f', directory, '--policy', 'standard');
  const documents = stdout.split('---\n');
  assert.deepEqual(
    documents.map((text) => /^ {4}walguard\.dev\/policy: standard$/m.test(text)),
    [true, false, true],
  );
  assert.deepEqual(
    documents.map((text) => text.includes('- name: walguard\n')),
    [true, false, true],
  );
});

test('uninject gives back what inject was given', async (context) => {
  const text = stream(PROTECTED, SERVICE, UNPROTECTED);
  const directory = await writeFiles(context, { 'in.yaml': text });
  const file = join(directory, 'in.yaml');
  assert.equal((await runByOwnPolicies('inject', '-f', file, '--write')).stdout, '');
  const result = await runOffline('uninject', '-f', file);
  assert.equal(result.stdout, text);
  golden.assert('uninject.txt', result.stderr);
});

test('JSON stays JSON', async (context) => {
  const object = { apiVersion: 'v1', kind: 'List', items: [{ kind: 'Service' }] };
  const directory = await writeFiles(context, { 'in.json': JSON.stringify(object) });
  const { stdout } = await runByOwnPolicies('inject', '-f', directory);
  assert.deepEqual(JSON.parse(stdout), object);
});

test('several files become one stream of documents', async (context) => {
  const directory = await writeFiles(context, {
    'a.yaml': SERVICE.trimEnd(),
    'b.yaml': `---\n${DEPLOYMENT}`,
    'c.yaml': '',
  });
  const { stdout } = await runByOwnPolicies('inject', '-f', directory);
  assert.equal(stdout, `---\n${SERVICE}---\n${DEPLOYMENT}`);
});

for (const verb of ['inject', 'diff']) {
  test(`${verb}: a refused database is named with every reason`, async (context) => {
    const directory = await writeFiles(context, { 'in.yaml': REFUSED });
    const { stderr } = await runByOwnPolicies(verb, '-f', directory);
    assert.match(stderr, /^bills \(StatefulSet\): refused: archive-mode-present: /m);
    assert.match(stderr, /^bills \(StatefulSet\): refused: archive-command-present: /m);
  });
}

test('a refused database: 1 and no output at all; with --keep-going it stays as it is', async (context) => {
  const directory = await writeFiles(context, { 'a.yaml': PROTECTED, 'b.yaml': REFUSED });
  const strict = await runByOwnPolicies('inject', '-f', directory);
  assert.deepEqual([strict.result, strict.stdout], [EXIT.failed, '']);
  assert.match(strict.stderr, /Nothing was written\.\n$/);
  const lenient = await runByOwnPolicies('inject', '-f', directory, '--keep-going');
  assert.equal(lenient.result, EXIT.failed);
  assert.ok(lenient.stdout.endsWith(`---\n${REFUSED}`));
  assert.match(lenient.stdout, /- name: walguard\n/);
});

test('an input that cannot be read: 1 and no output at all, even with --keep-going', async (context) => {
  const directory = await writeFiles(context, { 'a.yaml': PROTECTED, 'b.yaml': 'a: [' });
  for (const verb of ['inject', 'uninject']) {
    const { result, stdout, stderr } = await runOffline(verb, '-f', directory, '--keep-going', '--write');
    assert.deepEqual([result, stdout], [EXIT.failed, '']);
    assert.match(stderr, /b\.yaml:1:\d+: it is no valid YAML/);
  }
  assert.equal(await readFile(join(directory, 'a.yaml'), 'utf8'), PROTECTED);
});

test('a manifest that cannot be changed safely is refused', async (context) => {
  const text = `${PROTECTED.replace('volumeMounts:', 'volumeMounts: &mounts')}x-other: *mounts\n`;
  const directory = await writeFiles(context, { 'in.yaml': text });
  const { result, stdout, stderr } = await runByOwnPolicies('inject', '-f', join(directory, 'in.yaml'));
  assert.deepEqual([result, stdout], [EXIT.failed, '']);
  assert.match(stderr, /orders \(StatefulSet\): refused: uneditable: .*in\.yaml:2 is .*Write out the anchors/);
});

test('--write changes only the files that change, in one step, with their mode and through links', async (context) => {
  const directory = await writeFiles(context, { 'a.yaml': PROTECTED, 'b.yaml': `${SERVICE}# as it is` });
  const [a, b] = [join(directory, 'a.yaml'), join(directory, 'b.yaml')];
  await chmod(a, 0o640);
  await symlink(a, join(directory, 'link.yaml'));
  const before = await stat(b);
  const { result, stdout } = await runByOwnPolicies('inject', '-f', join(directory, 'link.yaml'), '-f', b, '-w');
  assert.deepEqual([result, stdout], [EXIT.ok, '']);
  assert.match(await readFile(a, 'utf8'), /- name: walguard\n/);
  assert.equal((await stat(a)).mode & 0o777, 0o640);
  assert.deepEqual([(await stat(b)).ino, (await stat(b)).mtimeMs], [before.ino, before.mtimeMs]);
  assert.deepEqual((await readdir(directory)).sort(), ['a.yaml', 'b.yaml', 'link.yaml']);
});

test('what is injected already is said, and not changed', async (context) => {
  const directory = await writeFiles(context, { 'in.yaml': PROTECTED });
  await runByOwnPolicies('inject', '-f', directory, '-w');
  const text = await readFile(join(directory, 'in.yaml'), 'utf8');
  const { stdout, stderr } = await runByOwnPolicies('inject', '-f', directory);
  assert.equal(stdout, text);
  assert.match(stderr, /orders \(StatefulSet\): left alone: injected already/);
});

test('uninject leaves alone what has no injection, of whatever shape, and refuses what it stumbles over', async (context) => {
  const shapeless = 'kind: StatefulSet\nmetadata: {name: odd}\nspec: 5\n';
  const broken =
    'kind: StatefulSet\nmetadata: {name: broken}\nspec: {template: {metadata: {annotations: {walguard.dev/injection: a}}}}\n';
  const directory = await writeFiles(context, { 'a.yaml': shapeless });
  const odd = await runOffline('uninject', '-f', directory);
  assert.deepEqual([odd.result, odd.stdout], [EXIT.ok, shapeless]);
  const worse = await writeFiles(context, { 'a.yaml': broken });
  const { result, stdout, stderr } = await runOffline('uninject', '-f', worse);
  assert.deepEqual([result, stdout], [EXIT.failed, '']);
  assert.match(stderr, /^broken \(StatefulSet\): refused: fault: /m);
});

test('--image is the sidecar', async (context) => {
  const directory = await writeFiles(context, { 'in.yaml': PROTECTED });
  const { stdout } = await runByOwnPolicies('inject', '-f', directory, '--image', 'registry.example/w:2');
  assert.match(stdout, /image: registry\.example\/w:2$/m);
});

test('diff: a patch that makes of the input what inject prints; 1, and 0 where nothing differs', async (context) => {
  const directory = await writeFiles(context, { 'in.yaml': stream(SERVICE, PROTECTED) });
  const file = join(directory, 'in.yaml');
  const { result, stdout } = await runByOwnPolicies('diff', '-f', file);
  assert.equal(result, EXIT.failed);
  assert.ok(stdout.startsWith(`--- ${file}\n+++ ${file} (injected)\n@@ `));
  const { stdout: wanted } = await runByOwnPolicies('inject', '-f', file);
  assert.equal(applyPatch(stream(SERVICE, PROTECTED), stdout), wanted);
  await runByOwnPolicies('inject', '-f', file, '--write');
  const again = await runByOwnPolicies('diff', '-f', file);
  assert.deepEqual([again.result, again.stdout], [EXIT.ok, '']);
});

test('diff: more than 1 where something is refused or cannot be read', async (context) => {
  for (const text of [REFUSED, 'a: [']) {
    const directory = await writeFiles(context, { 'in.yaml': text });
    assert.equal((await runByOwnPolicies('diff', '-f', directory)).result, 2);
  }
});

test('--write and standard input do not go together: 2', async () => {
  const { result, stderr } = await runByOwnPolicies('inject', '-f', '-', '--write');
  assert.equal(result, EXIT.usage);
  assert.match(stderr, /--write/);
});

test('no golden is left over', () => golden.assertNoStale());
