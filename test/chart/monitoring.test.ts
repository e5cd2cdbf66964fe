// What the Prometheus operator gets: the controller's metrics, and alerts. What they do: test/engine/alerts.test.ts.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { CHART_DIR, find, nest, podSpecOf, render } from './render.ts';

const file = parse(readFileSync(join(CHART_DIR, 'alerts.yaml'), 'utf8'));
const labels = { release: 'prometheus', 'app.kubernetes.io/part-of': 'theirs' };

test('by default nothing needs the operator', async () => {
  const kinds = (await render({})).map(({ apiVersion }) => apiVersion);
  assert.ok(!kinds.some((apiVersion) => apiVersion.startsWith('monitoring.coreos.com')));
});

test('the PodMonitor finds the pods of the controller by a port that they have, and keeps the labels of databases', async () => {
  const objects = await render(nest('monitoring.podMonitor', { enabled: true, labels }));
  const { metadata, spec } = find(objects, 'PodMonitor', 'walguard-controller') as unknown as {
    metadata: { labels: Record<string, string> };
    spec: {
      selector: { matchLabels: Record<string, string> };
      podMetricsEndpoints: readonly { port: string; path: string; honorLabels: boolean }[];
    };
  };
  assert.equal(metadata.labels.release, 'prometheus');
  assert.equal(metadata.labels['app.kubernetes.io/part-of'], 'walguard', 'ours win');
  const controller = find(objects, 'Deployment', 'walguard-controller');
  const template = (controller.spec as unknown as { template: { metadata: { labels: Record<string, string> } } })
    .template;
  for (const [key, value] of Object.entries(spec.selector.matchLabels))
    assert.equal(template.metadata.labels[key], value, key);
  assert.deepEqual(spec.podMetricsEndpoints, [{ port: 'http', path: '/metrics', honorLabels: true }]);
  assert.equal(podSpecOf(controller)?.containers[0]?.ports?.find(({ name }) => name === 'http')?.containerPort, 9090);
});

test('the PrometheusRule is the file, word for word', async () => {
  const rule = find(
    await render(nest('monitoring.prometheusRule', { enabled: true, labels })),
    'PrometheusRule',
    'walguard',
  );
  assert.deepEqual(rule.spec, file);
  assert.equal(rule.metadata.labels.release, 'prometheus');
});

test('each alert is in the table of the README, with its severity', () => {
  const readme = readFileSync(join(CHART_DIR, 'README.md'), 'utf8');
  for (const { alert, labels: own } of file.groups.flatMap(({ rules }: { rules: object[] }) => rules))
    assert.ok(readme.includes(`| \`${alert}\` | ${own.severity} |`), alert);
});
