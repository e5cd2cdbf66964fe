import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAdmissionMetrics } from '../../src/telemetry/admission-metrics.ts';
import { createControllerMetrics } from '../../src/telemetry/controller-metrics.ts';
import type { Metrics } from '../../src/telemetry/metrics.ts';
import { createSidecarMetrics } from '../../src/telemetry/sidecar-metrics.ts';
import { openGoldenFolder } from '../support/golden.ts';

const golden = openGoldenFolder(import.meta.url, 'golden/metrics/');

async function values(metrics: Metrics): Promise<Map<string, number>> {
  const lines = (await metrics.render()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

const BACKLOG = { waiting: 2, segmentBytes: 16, walBytes: 160, volumeBytes: 1000, volumeFreeBytes: 500 };

/** Some are there from the first look on only. */
function createWholeSidecar(): Metrics {
  const metrics = createSidecarMetrics();
  metrics.observeWal(BACKLOG, undefined, 0);
  metrics.observeStorage({ checkedAt: '2026-11-21T10:00:00Z', readable: true, writable: true });
  return metrics;
}

const KINDS: Readonly<Record<string, () => Metrics>> = {
  webhook: createAdmissionMetrics,
  controller: createControllerMetrics,
  sidecar: createWholeSidecar,
};

for (const [kind, create] of Object.entries(KINDS)) {
  test(`the metrics of the ${kind} are those that the alerts and dashboards are written for`, async () => {
    const text = await create().render();
    const helps = [...text.matchAll(/^# HELP (\S+) (.+)\n# TYPE \1 (\S+)$/gm)];
    const lines = helps.map(([, name, help, type]) => `${name} (${type}): ${help}`);
    assert.equal(lines.length, text.split('# TYPE').length - 1, 'each has a help');
    golden.assert(`${kind}.txt`, `${lines.sort().join('\n')}\n`);
  });
}

test('what Postgres reports is what is shown', async () => {
  const metrics = createSidecarMetrics();
  metrics.observeArchiver({ lastArchivedTime: '2026-11-21T10:00:00Z', failedCount: 5 });
  const shown = await values(metrics);
  assert.equal(shown.get('walguard_postgres_up'), 1);
  assert.equal(shown.get('walguard_last_archived_wal_timestamp'), Date.parse('2026-11-21T10:00:00Z') / 1000);
  assert.equal(shown.get('walguard_archive_failed_count'), 5);
});

test('what the files of pg_wal show is what is shown; without growth the volume is never full', async () => {
  const metrics = createSidecarMetrics();
  const oldest = { name: '000000010000000000000002', since: '2026-11-21T10:00:00Z' };
  metrics.observeWal({ ...BACKLOG, oldest }, 900, Date.parse('2026-11-21T10:02:00Z'));
  const shown = await values(metrics);
  const names = ['wal_waiting_segments', 'wal_oldest_waiting_seconds', 'pg_wal_bytes', 'wal_volume_bytes'];
  const all = [...names, 'wal_volume_free_bytes', 'wal_seconds_to_full'];
  assert.deepEqual(
    all.map((name) => shown.get(`walguard_${name}`)),
    [2, 120, 160, 1000, 500, 900],
  );
  metrics.observeWal({ ...BACKLOG, waiting: 0 }, undefined, 0);
  assert.match(await metrics.render(), /^walguard_wal_seconds_to_full \+Inf$/m);
  assert.equal((await values(metrics)).get('walguard_wal_oldest_waiting_seconds'), 0);
});

test('Postgres that does not answer is down, and its last archived segment stays where it was', async () => {
  const metrics = createSidecarMetrics();
  metrics.observeArchiver({ lastArchivedTime: '2026-11-21T10:00:00Z' });
  metrics.observeArchiver(undefined);
  const shown = await values(metrics);
  assert.equal(shown.get('walguard_postgres_up'), 0);
  assert.equal(shown.get('walguard_last_archived_wal_timestamp'), Date.parse('2026-11-21T10:00:00Z') / 1000);
});

test('reviews are counted by webhook, verdict, operation, dry run and code, and timed from half a millisecond on', async () => {
  const metrics = createAdmissionMetrics();
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
  const metrics = createAdmissionMetrics();
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
  const metrics = createAdmissionMetrics();
  metrics.setCertificateExpiry(new Date('2027-02-19T00:00:00Z'));
  assert.equal((await values(metrics)).get('walguard_cert_expiry_timestamp_seconds'), 1_802_995_200);
});

test('each process counts for itself', async () => {
  createSidecarMetrics().observeArchiver({ failedCount: 9 });
  assert.equal((await values(createSidecarMetrics())).get('walguard_archive_failed_count'), 0);
});

test('every golden file is compared', () => golden.assertNoStale());
