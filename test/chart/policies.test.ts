// The BackupPolicies that the chart installs: which ones, and with whose storage.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parsePolicySpec } from '../../src/policy/schema.ts';
import { listReadyPolicies } from '../generate/ready-policies.ts';
import { CHART_DIR, deepMerge, find, nest, OWN_BUCKET, type Rendered, render, renderNotes } from './render.ts';

const all = listReadyPolicies();
const ready = all.filter(({ name }) => name !== 'standard');

async function renderPolicies(values: object): Promise<readonly Rendered[]> {
  return (await render(values)).filter(({ kind }) => kind === 'BackupPolicy');
}

function namesOf(policies: readonly Rendered[]): readonly string[] {
  return policies.map(({ metadata }) => metadata.name);
}

test('there are ready policies besides the standard one', () => assert.ok(ready.length >= 5));

test('the schema of the values allows exactly the policies of the folder', () => {
  const schema = JSON.parse(readFileSync(join(CHART_DIR, 'values.schema.json'), 'utf8'));
  assert.deepEqual(
    schema.properties.policies.properties.ready.items.enum,
    ready.map(({ name }) => name),
    'write the names into chart/values.schema.json, values.yaml and README.md',
  );
  for (const file of ['values.yaml', 'README.md']) {
    const text = readFileSync(join(CHART_DIR, file), 'utf8');
    for (const { name } of ready) assert.ok(text.includes(name), `${file} does not name ${name}`);
  }
});

test('by default the standard policy alone is installed', async () => {
  assert.deepEqual(namesOf(await renderPolicies({})), ['standard']);
});

for (const { name, ownSpec } of ready) {
  test(`${name}: installed by name, as its file has it, with the bucket of the values`, async () => {
    const policy = find(await render(deepMerge(OWN_BUCKET, nest('policies.ready', [name]))), 'BackupPolicy', name);
    const { storage, ...spec } = policy.spec ?? {};
    const { storage: own, ...rest } = ownSpec;
    assert.deepEqual(spec, rest);
    const { serverSideEncryption, lifecycleRule } = own?.s3 ?? {};
    assert.deepEqual(storage, {
      s3: {
        ...OWN_BUCKET.storage.s3,
        forcePathStyle: false,
        credentialsSecret: 'walguard-storage',
        ...(serverSideEncryption && { serverSideEncryption }),
        ...(lifecycleRule && { lifecycleRule }),
      },
    });
    assert.ok('storage' in parsePolicySpec(policy.spec), 'the API server would refuse it');
    assert.equal(policy.metadata.labels['app.kubernetes.io/part-of'], 'walguard');
  });
}

test('all of them go into one release, with or without the standard one', async () => {
  const names = ready.map(({ name }) => name);
  const values = deepMerge(OWN_BUCKET, nest('policies.ready', [...names].reverse()));
  assert.deepEqual(namesOf(await renderPolicies(values)).toSorted(), [...names, 'standard'].sort());
  const without = deepMerge(values, nest('policies.standard.enabled', false));
  assert.deepEqual(namesOf(await renderPolicies(without)).toSorted(), names);
});

test('with the object store they point at it, as the standard one does', async () => {
  const [first, second] = await renderPolicies(nest('policies.ready', ['pitr']));
  assert.ok(first && second);
  assert.deepEqual(first.spec?.storage, second.spec?.storage);
});

test('a policy that wants its bucket to encrypt is refused with the object store, which does not', async () => {
  await assert.rejects(
    render(nest('policies.ready', ['dumps-to-s3'])),
    /the policy dumps-to-s3 wants a bucket that encrypts, .+ set objectStore\.enabled to false, and storage\.s3\.prefix/,
  );
});

test('no bucket that a file only gives as an example is ever installed', async () => {
  const values = deepMerge(OWN_BUCKET, nest('policies.ready', ['dumps-to-s3']));
  assert.doesNotMatch(JSON.stringify(await renderPolicies(values)), /replace-me/);
});

test("the user's fields go into the standard policy alone", async () => {
  const values = { policies: { standard: { spec: { archive: { timeout: '5m' } } }, ready: ['pitr'] } };
  const timeouts = (await renderPolicies(values)).map(({ metadata, spec }) => [metadata.name, spec?.archive]);
  assert.deepEqual(Object.fromEntries(timeouts), {
    standard: { timeout: '5m', compression: 'lz4' },
    pitr: { timeout: '60s', compression: 'lz4' },
  });
});

test('an unknown name, the standard one, and a name given twice are refused, with the names that there are', async () => {
  const known = ready.map(({ name }) => `'${name}'`).join(', ');
  for (const name of ['pit', 'standard', '../standard']) {
    await assert.rejects(render(nest('policies.ready', [name])), (error: Error) =>
      error.message.includes(`at '/policies/ready/0': value must be one of ${known}`),
    );
  }
  await assert.rejects(
    render(nest('policies.ready', ['pitr', 'pitr'])),
    /at '\/policies\/ready': items at 0 and 1 are equal/,
  );
});

test('the notes name what is installed, and a policy that is there to annotate with', async () => {
  const both = await renderNotes(nest('policies.ready', ['single-node', 'pitr']));
  assert.match(both, /Ready policies +pitr, single-node\. Not all/);
  assert.match(both, /walguard\.dev\/policy=standard$/m);
  const alone = await renderNotes({ policies: { standard: { enabled: false }, ready: ['pitr'] } });
  assert.match(alone, /walguard\.dev\/policy=pitr$/m);
  assert.doesNotMatch(alone, /None is installed/);
  assert.match(await renderNotes(nest('policies.standard.enabled', false)), /None is installed/);
});
