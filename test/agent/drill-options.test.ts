// What the builder writes into a drill's pod is what the agent reads; and the entries of its ConfigMap.
import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { copyDirectory, readConfigMapChecks, readDrillOptions } from '../../src/agent/drill-options.ts';
import type { PodSpec } from '../../src/api/kubernetes.ts';
import { buildDrillCronJob } from '../../src/companion/drill.ts';
import { type Instance, listInstances } from '../../src/companion/instance.ts';
import type { DrillSettings } from '../../src/policy/settings.ts';
import { buildSubject } from '../support/subjects.ts';
import { makeTempDir } from '../support/temp.ts';
import { buildWorkload, SETTINGS } from '../support/workloads.ts';

const CHECK = { name: 'recent', database: 'shop', sql: 'select $$a$$', expect: 'a' };
const DRILL: DrillSettings = {
  name: 'weekly',
  schedule: '0 4 * * 0',
  timeZone: 'Etc/UTC',
  source: 'baseBackup',
  target: 'lag',
  lagSeconds: 60,
  amcheck: false,
  checks: [CHECK, { ...CHECK, name: 'second' }],
  checksFrom: 'more',
  timeoutSeconds: 3600,
};

test('what the builder writes is what the agent reads', () => {
  const objectives = { rtoSeconds: 900, onStaleDrill: 'warn' as const };
  const subject = buildSubject(buildWorkload({ container: { args: ['-c', 'work_mem=7MB'] } }), {
    ...SETTINGS,
    objectives,
  });
  const source = { storagePrefix: 's3://backups/shop/orders/15/7' };
  const cronJob = buildDrillCronJob(subject, listInstances(subject)[0] as Instance, DRILL, false, source);
  const { jobTemplate } = cronJob.spec as { jobTemplate: { spec: { template: { spec: PodSpec } } } };
  const { containers } = jobTemplate.spec.template.spec;
  // As the kubelet expands it.
  const env = Object.fromEntries(
    (containers[0]?.env ?? []).map(({ name, value = '' }) => [name, value.replaceAll('$$', '$')]),
  );
  assert.deepEqual(readDrillOptions(env), {
    name: 'weekly',
    source: 'baseBackup',
    target: 'lag',
    lagSeconds: 60,
    amcheck: false,
    checksFrom: 'more',
    checks: DRILL.checks,
    requestedBy: 'schedule',
    instance: 'orders-0',
    job: '',
    delaySeconds: 2,
    timeoutSeconds: 3540,
    secondLookMs: 60_000,
    storagePrefix: 's3://backups/shop/orders/15/7',
    mount: '/var/lib/postgresql/data',
    serverOptions: ['work_mem=7MB'],
    dumpDestination: 'storage',
    policy: 'standard',
    image: 'postgres:15',
    objectives: { rtoSeconds: 900 },
  });
});

test('the copy lies at the path of the database, but never in the root of its volume', () => {
  assert.equal(copyDirectory('/data/pgdata', '/data'), '/data/pgdata');
  assert.equal(copyDirectory('/data', '/data'), '/data/pgdata');
});

test('each entry of a ConfigMap is a check, as the kubelet mounts it; or says what is wrong', async (context) => {
  const directory = await makeTempDir(context);
  const version = join(directory, '..2026');
  await mkdir(version);
  const entries = {
    'a.yaml': 'sql: |\n  select 1\nexpect: 1\n',
    b: '{"sql":"select 2","expect":"2","database":"shop"}',
    c: 'sql: [',
    d: 'x: 1',
  };
  for (const [name, text] of Object.entries(entries)) {
    await writeFile(join(version, name), text);
    await symlink(join('..2026', name), join(directory, name));
  }
  const [a, b, c, d] = await readConfigMapChecks(directory);
  assert.deepEqual(a, { name: 'a', check: { name: 'a', database: 'postgres', sql: 'select 1\n', expect: '1' } });
  assert.deepEqual(b, { name: 'b', check: { name: 'b', database: 'shop', sql: 'select 2', expect: '2' } });
  assert.match(String(c?.check), /^c: it is no valid YAML/);
  assert.match(String(d?.check), /^d must hold database, sql and expect, not x/);
  assert.deepEqual(await readConfigMapChecks(join(directory, 'nowhere')), []);
});
