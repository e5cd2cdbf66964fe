// The ready policies: complete in every figure of the way of working that each stands for, and accepted by the rules.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { API_VERSION } from '../../src/api/names.ts';
import { parseDurationSeconds } from '../../src/lib/duration.ts';
import { denialsOf, judgePolicy, warningsOf } from '../../src/policy/judge-policy.ts';
import { listReadyPolicies, type ReadyPolicy } from '../generate/ready-policies.ts';

const policies = listReadyPolicies();
const NOW = '2027-01-01T00:00:00Z';

function find(name: string): ReadyPolicy {
  const policy = policies.find((each) => each.name === name);
  assert.ok(policy, `there is no policies/${name}.yaml`);
  return policy;
}

/** What stands at a path such as drills.weekly.schedule; an entry of a list is found by its name. */
function at(policy: ReadyPolicy, path: string): unknown {
  return path.split('.').reduce<unknown>((node, key) => {
    if (Array.isArray(node)) return node.find((entry) => entry.name === key);
    return (node as Readonly<Record<string, unknown>> | undefined)?.[key];
  }, policy.ownSpec);
}

const DAILY = /^\d+ \d+ \* \* \*$/;
const WEEKLY = /^\d+ \d+ \* \* [0-6]$/;
const MONTHLY = /^\d+ \d+ 1 \* \*$/;

/** Each figure of each way of working, as it was asked for: policy, what is asked, path, value in the file. */
const FIGURES: readonly (readonly [policy: string, asked: string, path: string, value: unknown])[] = [
  ['single-node', 'WAL archiving', 'archive.timeout', '60s'],
  ['single-node', 'daily base backup', 'baseBackup.schedule', DAILY],
  ['single-node', '7 daily', 'retention.keepDaily', 7],
  ['single-node', '4 weekly', 'retention.keepWeekly', 4],
  ['single-node', '7 days PITR', 'retention.recoveryWindow', '7d'],
  ['single-node', 'weekly restore drill', 'drills.weekly.schedule', WEEKLY],
  ['single-node', 'of a base backup', 'drills.weekly.source', 'baseBackup'],
  ['single-node', 'to the newest moment', 'drills.weekly.target', 'latest'],
  ['single-node', 'monthly PITR drill', 'drills.monthly-pitr.schedule', MONTHLY],
  ['single-node', 'to any moment', 'drills.monthly-pitr.target', 'random'],
  ['single-node', 'in a DR namespace', 'drills.monthly-pitr.namespace', 'postgres-dr'],

  ['pitr', 'archive_timeout 60', 'archive.timeout', '60s'],
  ['pitr', 'daily base backup', 'baseBackup.schedule', DAILY],
  ['pitr', 'keep N full', 'retention.keepFull', 7],
  ['pitr', 'Pushgateway', 'metrics.pushgateway.url', /^http:\/\/pushgateway\./],
  ['pitr', 'its metric', 'metrics.pushgateway.metric', 'postgres_base_backup_last_success_timestamp'],

  ['timescaledb-ha', 'three replicas', 'workload.minReplicas', 3],
  ['timescaledb-ha', '50 GiB claims', 'workload.minClaimSize', '50Gi'],
  ['timescaledb-ha', 'daily 02:00', 'dump.schedule', '0 2 * * *'],
  ['timescaledb-ha', 'UTC', 'dump.timeZone', 'Etc/UTC'],
  ['timescaledb-ha', 'gzipped', 'dump.format', 'gzip'],
  ['timescaledb-ha', 'pg_dumpall', 'dump.tool', 'pg_dumpall'],
  ['timescaledb-ha', 'to a backup PVC', 'dump.destination.volume.size', /^\d+Gi$/],

  ['self-healing', 'dumps at 06:00 and 18:00', 'dump.schedule', '0 6,18 * * *'],
  ['self-healing', 'verification 03:00', 'verify.schedule', '0 3 * * *'],
  ['self-healing', 'cleanup 02:00', 'retention.schedule', '0 2 * * *'],
  ['self-healing', '30 days of moments', 'retention.recoveryWindow', '30d'],
  ['self-healing', '30 days of dumps', 'dump.keep', '30d'],
  ['self-healing', 'health check every 60 s', 'health.interval', '60s'],
  ['self-healing', '3 failures', 'health.failureThreshold', 3],
  ['self-healing', 'cooldown 1 h', 'recovery.cooldown', '1h'],
  ['self-healing', 'automatic recovery', 'recovery.mode', 'restore'],
  ['self-healing', 'Telegram', 'notify.telegram.telegram.secret', 'walguard-telegram'],

  ['dumps-to-s3', 'daily 02:00 full dump', 'dump.schedule', '0 2 * * *'],
  ['dumps-to-s3', 'of everything', 'dump.tool', 'pg_dumpall'],
  ['dumps-to-s3', 'kept 30 days', 'dump.keep', '30d'],
  ['dumps-to-s3', 'to S3', 'dump.destination.storage', {}],
  ['dumps-to-s3', 'a bucket of your own', 'storage.s3.prefix', 's3://amzn-s3-demo-replace-me/walguard'],
  ['dumps-to-s3', 'a WAL switch every 6 hours at least', 'archive.switchAtLeastEvery', '6h'],
  ['dumps-to-s3', 'restore verification', 'drills.restore-dump.source', 'dump'],
  ['dumps-to-s3', 'restore verification, often', 'drills.restore-dump.schedule', WEEKLY],
  ['dumps-to-s3', 'alert when 36 h overdue', 'alerts.backupOverdueAfter', '36h'],
  ['dumps-to-s3', 'SSE', 'storage.s3.serverSideEncryption.algorithm', 'AES256'],
  ['dumps-to-s3', 'by an engine that has it', 'engine', 'wal-g'],
  ['dumps-to-s3', 'lifecycle rule', 'storage.s3.lifecycleRule.abortMultipartAfterDays', 7],

  ['standard', 'WAL within a minute', 'archive.timeout', '60s'],
  ['standard', 'daily base backup', 'baseBackup.schedule', DAILY],
  ['standard', 'verification four times a day', 'verify.schedule', '43 */6 * * *'],
];

for (const [name, asked, path, value] of FIGURES) {
  test(`${name}: ${asked} (${path})`, () => {
    const seen = at(find(name), path);
    if (value instanceof RegExp) assert.match(String(seen), value);
    else assert.deepEqual(seen, value);
  });
}

test('every ready policy is in the table above', () => {
  assert.deepEqual(
    policies.map(({ name }) => name),
    [...new Set(FIGURES.map(([name]) => name))].sort(),
  );
});

test('dumps-to-s3 is refused where the image has no engine that can ask for encryption', () => {
  const { name, spec } = find('dumps-to-s3');
  const [denial, ...more] = denialsOf(judgePolicy(name, spec, { now: NOW, engine: 'walrus' }));
  assert.equal(denial?.field, 'spec.engine');
  assert.deepEqual(more, []);
});

test('a segment with something in it is closed sooner than the promised 6 hours', () => {
  const { archive } = find('dumps-to-s3').ownSpec;
  assert.ok(parseDurationSeconds(archive?.timeout ?? '') <= parseDurationSeconds('6h'));
});

for (const { name, text, serves, ownSpec, spec } of policies) {
  test(`${name}: is a BackupPolicy of its file's name, and says on top whom it serves`, () => {
    const { apiVersion, kind, metadata } = parse(text);
    assert.deepEqual(
      { apiVersion, kind, metadata },
      { apiVersion: API_VERSION, kind: 'BackupPolicy', metadata: { name } },
    );
    assert.match(serves, /^For .+\.$/);
    assert.match(text, /^# For .+\n#\n(# .+\n|#\n)+apiVersion:/);
  });

  test(`${name}: only dumps-to-s3, which asks something of its bucket, brings a storage`, () => {
    assert.equal(ownSpec.storage !== undefined, name === 'dumps-to-s3');
  });

  for (const engine of [undefined, 'wal-g'] as const) {
    test(`${name}: the rules deny nothing (engine ${engine ?? 'unknown'}), and warn only of what is not carried out yet`, () => {
      const verdict = judgePolicy(name, spec, { now: NOW, engine });
      assert.deepEqual(denialsOf(verdict), []);
      assert.deepEqual(
        warningsOf(verdict).filter(({ code }) => code !== 'not-carried-out'),
        [],
      );
      assert.ok(verdict.settings, 'a database can be protected by it');
    });
  }
}
