import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';

async function values(metrics: Metrics): Promise<Map<string, number>> {
  const lines = (await metrics.render()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

test('the metrics are those that the alerts and dashboards are written for', async () => {
  const text = await createMetrics().render();
  const names = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
  assert.deepEqual(names.sort(), [
    'walguard_admission_in_flight gauge',
    'walguard_admission_refused_total counter',
    'walguard_admission_review_duration_seconds histogram',
    'walguard_admission_reviews_total counter',
    'walguard_admission_shed_total counter',
    'walguard_archive_failed_count gauge',
    'walguard_cert_expiry_timestamp_seconds gauge',
    'walguard_controller_leading gauge',
    'walguard_last_archived_wal_timestamp gauge',
    'walguard_postgres_up gauge',
    'walguard_wal_waiting_segments gauge',
  ]);
  for (const [, help] of text.matchAll(/^# HELP \S+ (.*)$/gm)) assert.notEqual(help, '');
});

test('what Postgres reports is what is shown', async () => {
  const metrics = createMetrics();
  metrics.observeArchiver({ lastArchivedTime: '2026-11-21T10:00:00Z', waiting: 2, failedCount: 5 });
  const shown = await values(metrics);
  assert.equal(shown.get('walguard_postgres_up'), 1);
  assert.equal(shown.get('walguard_last_archived_wal_timestamp'), Date.parse('2026-11-21T10:00:00Z') / 1000);
  assert.equal(shown.get('walguard_wal_waiting_segments'), 2);
  assert.equal(shown.get('walguard_archive_failed_count'), 5);
});

test('Postgres that does not answer is down, and its last archived segment stays where it was', async () => {
  const metrics = createMetrics();
  metrics.observeArchiver({ lastArchivedTime: '2026-11-21T10:00:00Z' });
  metrics.observeArchiver(undefined);
  const shown = await values(metrics);
  assert.equal(shown.get('walguard_postgres_up'), 0);
  assert.equal(shown.get('walguard_last_archived_wal_timestamp'), Date.parse('2026-11-21T10:00:00Z') / 1000);
});

test('reviews are counted by webhook, verdict, operation, dry run and code, and timed from half a millisecond on', async () => {
  const metrics = createMetrics();
  const review = { webhook: 'validate', code: 'backup-required', allowed: false, operation: 'CREATE', isDryRun: true };
  metrics.observeReview(review, 0.0003);
  metrics.observeReview(review, 0.0007);
  metrics.observeReview(review, 3);
  const shown = await values(metrics);
  const labels = 'webhook="validate",allowed="false",operation="CREATE",dry_run="true"';
  assert.equal(shown.get(`walguard_admission_reviews_total{${labels},code="backup-required"}`), 3);
  const bucket = (le: string) => `walguard_admission_review_duration_seconds_bucket{le="${le}",${labels}}`;
  assert.deepEqual([shown.get(bucket('0.0005')), shown.get(bucket('0.001')), shown.get(bucket('+Inf'))], [1, 2, 3]);
});

test('what is under way, refused and shed is counted', async () => {
  const metrics = createMetrics();
  metrics.startReview();
  metrics.startReview();
  metrics.endReview();
  for (const status of [400, 429, 400, 429, 429]) metrics.observeRefused(status);
  const shown = await values(metrics);
  assert.equal(shown.get('walguard_admission_in_flight'), 1);
  assert.equal(shown.get('walguard_admission_refused_total{status="400"}'), 2);
  assert.equal(shown.get('walguard_admission_shed_total'), 3);
});

test('the end of the certificate is shown in Unix seconds', async () => {
  const metrics = createMetrics();
  metrics.setCertificateExpiry(new Date('2027-02-19T00:00:00Z'));
  assert.equal((await values(metrics)).get('walguard_cert_expiry_timestamp_seconds'), 1_802_995_200);
});

test('each part of walguard counts for itself', async () => {
  createMetrics().observeArchiver({ waiting: 9 });
  assert.equal((await values(createMetrics())).get('walguard_wal_waiting_segments'), 0);
});
