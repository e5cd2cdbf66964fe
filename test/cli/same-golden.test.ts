// The command line and the webhook meet the same golden file, for every flavour and shape (see test/webhook/review.test.ts).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { CASES } from '../support/cases.ts';
import { IMAGE, SETTINGS } from '../support/workloads.ts';
import { toYaml } from '../support/yaml.ts';
import { runOffline, writeFiles } from './offline.ts';

const { prefix, endpoint, region, forcePathStyle, credentialsSecret } = SETTINGS.storage;
const POLICY = {
  apiVersion: 'walguard.dev/v1alpha1',
  kind: 'BackupPolicy',
  metadata: { name: SETTINGS.policy },
  spec: {
    storage: { s3: { prefix, endpoint, region, forcePathStyle, credentialsSecret } },
    archive: { timeout: `${SETTINGS.archive.timeoutSeconds}s`, compression: SETTINGS.archive.compression },
  },
};

for (const [name, build] of Object.entries(CASES)) {
  test(`${name}: inject prints what the webhook stores, and uninject takes it back to the byte`, async (context) => {
    const text = `# kept\n${toYaml(build())}`;
    const directory = await writeFiles(context, { 'policy.yaml': toYaml(POLICY), 'in.yaml': text });
    const file = join(directory, 'in.yaml');
    const injected = await runOffline('inject', '-f', file, '--policies', directory, '--image', IMAGE);
    assert.equal(injected.result, 0, injected.stderr);
    const golden = readFileSync(new URL(`../inject/golden/${name}.yaml`, import.meta.url), 'utf8');
    assert.deepEqual(parse(injected.stdout), parse(golden));
    const out = await writeFiles(context, { 'out.yaml': injected.stdout });
    const back = await runOffline('uninject', '-f', join(out, 'out.yaml'));
    assert.equal(back.stdout, text);
  });
}
