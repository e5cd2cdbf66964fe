import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXIT } from '../../src/api/names.ts';
import { openGoldenFolder } from '../support/golden.ts';
import { DEPLOYMENT, PROTECTED, REFUSED, stream, UNPROTECTED } from './manifests.ts';
import { runByOwnPolicies, writeFiles } from './offline.ts';

const golden = openGoldenFolder(import.meta.url, './golden/explain/');

test('each field with its value and why; refused and ignored ones with their reasons', async (context) => {
  const directory = await writeFiles(context, { 'in.yaml': stream(PROTECTED, DEPLOYMENT, REFUSED) });
  const { result, stdout } = await runByOwnPolicies('explain', '-f', directory);
  assert.equal(result, EXIT.failed);
  golden.assert('explain.txt', stdout.replaceAll(directory, '/manifests'));
});

interface Field {
  readonly path: string;
  readonly value: string;
  readonly why: string;
}

test('-o json: the same as data; what is injected already is explained as if it were not', async (context) => {
  const directory = await writeFiles(context, { 'in.yaml': UNPROTECTED });
  const explain = async () => {
    const { result, stdout } = await runByOwnPolicies('explain', '-f', directory, '--policy', 'standard', '-o', 'json');
    assert.equal(result, EXIT.ok);
    return (JSON.parse(stdout) as { results: { fields: Field[] }[] }).results[0]?.fields ?? [];
  };
  const [annotation, ...rest] = await explain();
  assert.deepEqual([annotation?.path, annotation?.value], ['metadata.annotations[walguard.dev/policy]', 'standard']);
  assert.match(annotation?.why ?? '', /^policy standard, assumed/);
  await runByOwnPolicies('inject', '-f', directory, '--policy', 'standard', '--write');
  assert.deepEqual(await explain(), rest);
});

test('no golden is left over', () => golden.assertNoStale());
