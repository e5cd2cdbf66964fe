// BackupPolicies on a real API server: what its schema and its CEL rules refuse, what it stores; and schedules and time zones as
// it judges them in a CronJob.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parse } from 'yaml';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import { API_VERSION } from '../../src/api/names.ts';
import type { Kube } from '../../src/kube/client.ts';
import { isSchedule, parseSchedule } from '../../src/lib/cron.ts';
import { findTimeZoneError } from '../../src/lib/time-zone.ts';
import { TIME_ZONE_NAMES } from '../../src/lib/time-zone-names.ts';
import { DEFAULT_STORAGE } from '../../src/policy/default-storage.ts';
import { denialsOf, judgePolicy } from '../../src/policy/judge-policy.ts';
import { completePolicySpec, parsePolicySpec } from '../../src/policy/schema.ts';
import { type Cluster, down, up } from '../cluster/cluster.ts';
import { ACCEPTED, NEVER, REFUSED, TIMES, ZONES_ACCEPTED, ZONES_REFUSED } from '../lib/cron-vectors.ts';
import { CASES, NOW, S3 } from '../policy/policy-cases.ts';
import { kubectl, tryKubectl } from '../support/cluster-client.ts';
import { installCrd, refusalOf } from '../support/crd.ts';

const root = dirname(dirname(import.meta.dirname));
let cluster: Cluster;
let kube: Kube;

before(async () => {
  cluster = await up({ apiOnly: true });
  kube = await installCrd(cluster, 'backuppolicies');
});

after(() => down({ apiOnly: true }));

let count = 0;

function refusePolicy(spec: object): Promise<string | undefined> {
  count += 1;
  return refusalOf(kube, { apiVersion: API_VERSION, kind: 'BackupPolicy', metadata: { name: `p${count}` }, spec });
}

/** Suspended, so that nothing comes of it. */
function refuseCronJob(schedule: string, timeZone?: string): Promise<string | undefined> {
  count += 1;
  const container = { name: 'c', image: 'example.test/none' };
  const template = { spec: { restartPolicy: 'Never', containers: [container] } };
  return refusalOf(kube, {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: `c${count}`, namespace: 'default' },
    spec: {
      schedule,
      ...(timeZone === undefined ? {} : { timeZone }),
      suspend: true,
      jobTemplate: { spec: { template } },
    },
  });
}

/** Ten at a time: the machine is small. */
async function inTurns<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (let index = 0; index < items.length; index += 10) {
    results.push(...(await Promise.all(items.slice(index, index + 10).map(work))));
  }
  return results;
}

describe('schedules and time zones, as a CronJob has them', () => {
  test('of every schedule our verdict is that of the API server', async () => {
    const schedules = [...new Set([...ACCEPTED, ...REFUSED, ...NEVER, ...TIMES.map(([schedule]) => schedule)])];
    assert.ok(schedules.length >= 100);
    const refusals = await inTurns(schedules, (schedule) => refuseCronJob(schedule));
    const otherwise = schedules.filter(
      (text, index) => isSchedule(parseSchedule(text)) !== (refusals[index] === undefined),
    );
    assert.deepEqual(otherwise, []);
    assert.ok(
      refusals.filter((refusal) => refusal !== undefined).every((refusal) => refusal?.includes('spec.schedule')),
    );
  });

  test('of every time zone our verdict is that of the API server', async () => {
    const zones = [...ZONES_ACCEPTED, ...ZONES_REFUSED];
    const refusals = await inTurns(zones, (zone) => refuseCronJob('@daily', zone));
    const otherwise = zones.filter(
      (zone, index) => (findTimeZoneError(zone) === undefined) !== (refusals[index] === undefined),
    );
    assert.deepEqual(otherwise, []);
    assert.ok(
      refusals.filter((refusal) => refusal !== undefined).every((refusal) => refusal?.includes('spec.timeZone')),
    );
  });

  test('it takes every name of our list of time zones', async () => {
    const zones = [...TIME_ZONE_NAMES];
    const refusals = await inTurns(zones, (zone) => refuseCronJob('@daily', zone));
    assert.deepEqual(
      zones.filter((_, index) => refusals[index] !== undefined),
      [],
    );
  });
});

/** Each CEL rule and each list by its names: a policy that breaks it, the field and the words of the refusal. */
const CONTRADICTIONS: Readonly<Record<string, readonly [spec: object, field: string, words: string]>> = {
  'no store': [{ storage: {} }, 'spec.storage', 'give exactly one of s3 and volume'],
  'two stores': [{ storage: { s3: S3, volume: { size: '1Gi' } } }, 'spec.storage', 'give exactly one of s3 and volume'],
  'a key for AES256': [
    { storage: { s3: { ...S3, serverSideEncryption: { algorithm: 'AES256', kmsKeyId: 'k' } } } },
    'spec.storage.s3.serverSideEncryption.kmsKeyId',
    'a key is given with algorithm aws:kms only',
  ],
  'keepFull below minFullBackups': [
    { storage: { s3: S3 }, retention: { keepFull: 1, minFullBackups: 2 } },
    'spec.retention.keepFull',
    'keepFull must not be below minFullBackups',
  ],
  'pg_dumpall in the custom format': [
    { storage: { s3: S3 }, dump: { schedule: '@daily', keep: '7d', format: 'custom', destination: { storage: {} } } },
    'spec.dump.format',
    'pg_dumpall has no custom format',
  ],
  'dumps that go nowhere': [
    { storage: { s3: S3 }, dump: { schedule: '@daily', keep: '7d', destination: {} } },
    'spec.dump.destination',
    'give exactly one of storage and volume',
  ],
  'a drill with target lag and no lag': [
    { storage: { s3: S3 }, drills: [{ name: 'w', schedule: '@weekly', target: 'lag' }] },
    'spec.drills[0].lag',
    'lag belongs to target lag',
  ],
  'a drill with a lag and another target': [
    { storage: { s3: S3 }, drills: [{ name: 'w', schedule: '@weekly', lag: '1d' }] },
    'spec.drills[0].lag',
    'lag belongs to target lag',
  ],
  'a drill of a moment in a dump': [
    {
      storage: { s3: S3 },
      dump: { schedule: '@daily', keep: '7d', destination: { storage: {} } },
      drills: [{ name: 'w', schedule: '@weekly', source: 'dump', target: 'random' }],
    },
    'spec.drills[0].target',
    'a dump holds one moment only',
  ],
  'a drill of dumps that are not made': [
    { storage: { s3: S3 }, drills: [{ name: 'w', schedule: '@weekly', source: 'dump' }] },
    'spec.drills',
    'the policy makes none',
  ],
  'an age of drills without drills': [
    { storage: { s3: S3 }, objectives: { drillAge: '7d' } },
    'spec.objectives.drillAge',
    'there is no drill',
  ],
  'changes refused for old drills of no age': [
    { storage: { s3: S3 }, drills: [{ name: 'w', schedule: '@weekly' }], objectives: { onStaleDrill: 'refuse' } },
    'spec.objectives.onStaleDrill',
    'write drillAge too',
  ],
  'a timeout beyond the rpo': [
    { storage: { s3: S3 }, archive: { timeout: '1d' }, objectives: { rpo: '23h' } },
    'spec.archive.timeout',
    'than objectives.rpo allows to lose',
  ],
  'the default timeout beyond the rpo': [
    { storage: { s3: S3 }, objectives: { rpo: '59s' } },
    'spec.archive.timeout',
    'than objectives.rpo allows to lose',
  ],
  'a sink with two places': [
    { storage: { s3: S3 }, notify: [{ name: 'a', slack: { secret: 's' }, webhook: { secret: 's' } }] },
    'spec.notify[0]',
    'give exactly one of telegram, slack and webhook',
  ],
  'two drills of one name': [
    {
      storage: { s3: S3 },
      drills: [
        { name: 'w', schedule: '0 1 * * 0' },
        { name: 'w', schedule: '0 2 * * 0' },
      ],
    },
    'spec.drills[1]',
    'Duplicate value',
  ],
  'a duration of a century': [
    { storage: { s3: S3 }, archive: { timeout: '36500d' } },
    'spec.archive.timeout',
    'should match',
  ],
};

describe('contradictions', () => {
  for (const [name, [spec, field, words]] of Object.entries(CONTRADICTIONS)) {
    test(`${name}: refused by the API server, and without one`, async () => {
      const refusal = await refusePolicy(spec);
      assert.ok(refusal !== undefined);
      assert.ok(refusal.includes(`${field}:`), `no ${field} in: ${refusal}`);
      assert.ok(refusal.includes(words), `no "${words}" in: ${refusal}`);
      assert.notDeepEqual(denialsOf(judgePolicy('p', spec, { now: NOW, engine: undefined })), []);
    });
  }

  test('what the API server refuses, our own rules refuse too', async () => {
    const policies = Object.entries(CASES).flatMap(([id, { finds, lets }]) =>
      Object.entries({ ...finds, ...lets }).map(([name, each]) => ({ name: `${id}: ${name}`, ...each })),
    );
    const refusals = await inTurns(policies, ({ spec }) => refusePolicy(spec));
    const otherwise = policies.filter(({ spec, engine }, index) => {
      const denials = denialsOf(judgePolicy('p', spec, { now: NOW, engine }));
      return refusals[index] !== undefined && denials.length === 0;
    });
    assert.deepEqual(otherwise, []);
    assert.ok(refusals.some((refusal) => refusal === undefined));
  });

  test('the durations of CEL are those of the schema, at every edge', async () => {
    const edges = ['1s', '60s', '1m', '99999999s', '999999m', '99999h', '9999d'];
    for (const rpo of edges) {
      assert.equal(
        await refusePolicy({ storage: { s3: S3 }, archive: { timeout: rpo }, objectives: { rpo } }),
        undefined,
      );
    }
    for (const [timeout, rpo] of [
      ['61s', '1m'],
      ['25h', '1d'],
      ['9999d', '99999999s'],
    ]) {
      const refusal = await refusePolicy({ storage: { s3: S3 }, archive: { timeout }, objectives: { rpo } });
      assert.match(refusal ?? '', /spec\.archive\.timeout/);
    }
  });
});

describe('the ready policies', () => {
  const files = globSync('policies/*.yaml', { cwd: root }).sort();
  assert.ok(files.length >= 6);

  for (const file of files) {
    test(`${basename(file)}: taken as it is, but for the storage, and no rule denies it`, async () => {
      const policy = parse(readFileSync(join(root, file), 'utf8'));
      policy.spec = { storage: DEFAULT_STORAGE, ...policy.spec };
      const { code, stderr } = await tryKubectl(cluster, ['create', '-f', '-'], JSON.stringify(policy));
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
      const verdict = judgePolicy(policy.metadata.name, policy.spec, { now: NOW, engine: undefined });
      assert.deepEqual(denialsOf(verdict), []);
      assert.ok(verdict.settings);
    });

    test(`${basename(file)}: stored with the defaults that we fill in, too`, async () => {
      const { metadata } = parse(readFileSync(join(root, file), 'utf8'));
      const stored = await kube.get<KubeObject>({ apiVersion: API_VERSION, kind: 'BackupPolicy', metadata });
      const spec = parsePolicySpec(stored?.spec);
      assert.ok('storage' in spec);
      assert.deepEqual(completePolicySpec(spec), stored?.spec);
      assert.equal(spec.archive?.onStorageFull, 'block');
    });
  }
});

test('a misspelt field is named by kubectl, and dropped by nobody in silence', async () => {
  const policy = { apiVersion: API_VERSION, kind: 'BackupPolicy', metadata: { name: 'typo' } };
  const spec = { storage: { s3: S3 }, archiv: { timeout: '5m' } };
  const { code, stderr } = await tryKubectl(cluster, ['create', '-f', '-'], JSON.stringify({ ...policy, spec }));
  assert.equal(code, 1);
  assert.match(stderr, /unknown field "spec\.archiv"/);
});

test('applying one entry of a list by server-side apply leaves the others alone', async () => {
  const object = (drills: object[]) => ({
    apiVersion: API_VERSION,
    kind: 'BackupPolicy',
    metadata: { name: 'shared' },
    spec: { storage: { s3: S3 }, drills },
  });
  const apply = (manager: string, drills: object[]) =>
    kubectl(
      cluster,
      ['apply', '--server-side', `--field-manager=${manager}`, '-f', '-'],
      JSON.stringify(object(drills)),
    );
  await apply('one', [{ name: 'weekly', schedule: '0 5 * * 0' }]);
  await apply('two', [{ name: 'monthly', schedule: '0 7 1 * *' }]);
  const stored = await kube.get<KubeObject & { spec: { drills: { name: string }[] } }>(object([]));
  assert.deepEqual(
    stored?.spec.drills.map(({ name }) => name),
    ['weekly', 'monthly'],
  );
});
