// What the program says of the chart's defaults without Helm is what Helm says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultImage } from '../../src/cli/image.ts';
import { DEFAULT_STORAGE } from '../../src/policy/default-storage.ts';
import { find, render } from './render.ts';

// As the README installs it.
const RELEASE = { name: 'walguard', namespace: 'walguard-system' };

test("the storage of a policy that has none is the chart's", async () => {
  const policy = find(await render({}, RELEASE), 'BackupPolicy', 'standard');
  assert.deepEqual(policy.spec?.storage, DEFAULT_STORAGE);
});

test("the image of an injection is the chart's", async () => {
  const objects = await render({}, RELEASE);
  const images = objects.flatMap(({ spec }) => spec?.template?.spec.containers.map(({ image }) => image) ?? []);
  const [, version = ''] = images[0]?.split(':') ?? [];
  assert.deepEqual([...new Set(images)], [defaultImage(version)]);
});
