// The alerts of chart/alerts.yaml in Prometheus's own promtool: on the series that the controller has for a status, for as
// long as it stands, which of them fire, and with which words.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import { API_VERSION } from '../../src/api/names.ts';
import type { Instance, ProtectedDatabaseStatus } from '../../src/api/protected-database.ts';
import { assess } from '../../src/health/assess.ts';
import type { Terms } from '../../src/health/terms.ts';
import { createControllerMetrics } from '../../src/telemetry/controller-metrics.ts';
import { repositoryDir } from '../cluster/checkout.ts';
import { tryCommand } from '../support/cluster-client.ts';
import { provideDebianPackage } from '../support/debian-package.ts';

const FILE = join(repositoryDir, 'chart', 'alerts.yaml');
const NOW = '2026-11-21T12:00:00.000Z';
const DAY_SECONDS = 86_400;

interface Alert {
  readonly alert: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: Readonly<Record<string, string>>;
}

const alerts: readonly Alert[] = parse(readFileSync(FILE, 'utf8')).groups.flatMap(
  ({ rules }: { rules: Alert[] }) => rules,
);

const drill = (result: 'passed' | 'failed' | 'unknown', finishedAt: string, more = {}) => ({
  ...{ name: 'weekly', result, finishedAt, message: '', job: 'orders-0-drill-weekly-1' },
  ...more,
});
const good = drill('passed', '2026-11-21T02:00:00.000Z', { rtoSeconds: 60 });
const GOOD = { name: 'weekly', finishedAt: good.finishedAt };
const TERMS: Terms = {
  archiveLateSeconds: 60,
  backupOverdueSeconds: 2 * DAY_SECONDS,
  drills: [{ name: 'weekly', overdueSeconds: 14 * DAY_SECONDS, showsLoss: true }],
};

/** Archived and backed up; of its drills what is told. */
function statusOf(drills: Partial<Instance>, terms: Partial<Terms> = {}): ProtectedDatabaseStatus {
  const instance = {
    ...{ pod: 'orders-0', clusterId: '7', node: 'node-1' },
    lastSuccessfulBackup: { name: 'base_1', finishedAt: '2026-11-21T02:17:00.000Z', sizeBytes: 1, node: 'node-1' },
    ...drills,
  } as unknown as Instance;
  const observed = { policy: 'standard', generation: 1, instances: [instance], retired: [] };
  return assess({ ...observed, terms: { ...TERMS, ...terms } }, [], NOW);
}

async function scrape(status: ProtectedDatabaseStatus, isLeading = true): Promise<string[]> {
  const metrics = createControllerMetrics();
  metrics.setLeading(isLeading);
  const metadata = { name: 'orders', namespace: 'shop' };
  metrics.watchDatabases(() => [{ apiVersion: API_VERSION, kind: 'ProtectedDatabase', metadata, status }]);
  return (await metrics.render()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

const OF_DATABASE = { namespace: 'shop', database: 'orders' };
const OF_DRILL = { ...OF_DATABASE, drill: 'weekly' };

/** After how long which alert fires, and with which labels. */
const CASES: Readonly<
  Record<
    string,
    {
      readonly status: ProtectedDatabaseStatus;
      readonly isLeading?: boolean;
      readonly at: Readonly<Record<string, Readonly<Record<string, object>>>>;
    }
  >
> = {
  'a good drill: nothing, ever': {
    status: statusOf({ lastDrills: [good], lastSuccessfulDrill: GOOD }),
    at: { '9d': {} },
  },
  'the last drill failed: at once': {
    status: statusOf({ lastDrills: [drill('failed', NOW)], lastSuccessfulDrill: GOOD }),
    at: { '5m': { WalguardDrillFailed: OF_DRILL }, '9d': { WalguardDrillFailed: OF_DRILL } },
  },
  'the last drill could not run: after an hour': {
    status: statusOf({ lastDrills: [drill('unknown', NOW)], lastSuccessfulDrill: GOOD }),
    at: { '55m': {}, '65m': { WalguardDrillUnknown: OF_DRILL }, '9d': { WalguardDrillUnknown: OF_DRILL } },
  },
  'the last drill passed three weeks ago, and none has come since': {
    status: statusOf({ lastDrills: [drill('passed', '2026-10-31T02:00:00.000Z')] }),
    at: { '10m': {}, '20m': { WalguardDrillOverdue: OF_DATABASE } },
  },
  'it passed, and may not run any more': {
    status: statusOf(
      { lastDrills: [good] },
      { drills: [{ name: 'weekly', overdueSeconds: null, showsLoss: true, missing: 'the namespace is closed' }] },
    ),
    at: { '20m': { WalguardDrillOverdue: OF_DATABASE } },
  },
  'it passed, and took longer than promised': {
    status: statusOf({ lastDrills: [good], lastSuccessfulDrill: GOOD }, { rtoSeconds: 30 }),
    at: { '10m': {}, '20m': { WalguardRestorePromiseMissed: OF_DATABASE } },
  },
  'it passed, and is older than promised': {
    status: statusOf({ lastDrills: [good], lastSuccessfulDrill: GOOD }, { drillAgeSeconds: 3600 }),
    at: { '20m': { WalguardRestorePromiseMissed: OF_DATABASE } },
  },
  'no drill has run yet: a week is given to it': {
    status: statusOf({}),
    at: { '7d': {}, '9d': { WalguardRestoreNeverProven: OF_DATABASE } },
  },
  'its policy has no drill': {
    status: statusOf({}, { drills: undefined as never }),
    at: { '7d': {}, '9d': { WalguardRestoreNeverProven: OF_DATABASE } },
  },
  'no controller leads': {
    status: statusOf({ lastDrills: [good], lastSuccessfulDrill: GOOD }),
    isLeading: false,
    at: { '10m': {}, '20m': { WalguardControllerAbsent: {} } },
  },
};

for (const [name, { status, isLeading, at }] of Object.entries(CASES)) {
  test(name, async (context) => {
    const directory = await mkdtemp(join(tmpdir(), 'walguard-alerts-'));
    context.after(() => rm(directory, { recursive: true }));
    const series = (await scrape(status, isLeading)).map((line) => {
      const space = line.lastIndexOf(' ');
      return { series: line.slice(0, space), values: `${line.slice(space + 1)}+0x2600` };
    });
    const expected = Object.entries(at).flatMap(([time, firing]) => alerts.map((each) => expect(each, time, firing)));
    const story = { interval: '5m', input_series: series, alert_rule_test: expected };
    const file = join(directory, 'story.yaml');
    await writeFile(file, stringify({ rule_files: [FILE], evaluation_interval: '5m', tests: [story] }));
    const { code, stdout, stderr } = await promtool('test', 'rules', file);
    assert.equal(code, 0, stdout + stderr);
  });
}

test('each alert fires in one of these cases, and Prometheus takes the file', async () => {
  const fired = new Set(Object.values(CASES).flatMap(({ at }) => Object.values(at).flatMap(Object.keys)));
  assert.deepEqual([...fired].sort(), alerts.map(({ alert }) => alert).sort());
  const { code, stdout, stderr } = await promtool('check', 'rules', FILE);
  assert.equal(code, 0, stdout + stderr);
});

async function promtool(...args: string[]) {
  return tryCommand(join(await provideDebianPackage('prometheus'), 'usr', 'bin', 'promtool'), args);
}

function expect({ alert, labels, annotations }: Alert, time: string, firing: Readonly<Record<string, object>>): object {
  const own = firing[alert];
  if (own === undefined) return { eval_time: time, alertname: alert };
  const words = Object.entries(annotations).map(([key, text]) => [
    key,
    text.replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => (own as Record<string, string>)[label] ?? ''),
  ]);
  const exp = { exp_labels: { ...labels, ...own }, exp_annotations: Object.fromEntries(words) };
  return { eval_time: time, alertname: alert, exp_alerts: [exp] };
}
