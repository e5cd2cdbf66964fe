import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createHealth, serveHealth } from '../../src/controller/health.ts';
import { createControllerMetrics } from '../../src/telemetry/controller-metrics.ts';

test('alive for two minutes without anything good, ready only after something was', () => {
  const STEPS: readonly (readonly [what: 'wait' | 'good', seconds: number, isAlive: boolean, isReady: boolean])[] = [
    ['wait', 0, true, false],
    ['wait', 119, true, false],
    ['wait', 2, false, false],
    ['good', 0, true, true],
    ['wait', 119, true, true],
    ['wait', 2, false, false],
    ['good', 0, true, true],
  ];
  let now = 5000;
  const health = createHealth(() => now);
  for (const [what, seconds, isAlive, isReady] of STEPS) {
    now += seconds * 1000;
    if (what === 'good') health.noteGood();
    assert.deepEqual([health.isAlive(), health.isReady()], [isAlive, isReady], `${what} at ${now}`);
  }
});

test('both are asked for over http, metrics too', async (context) => {
  const health = createHealth(() => 0);
  const metrics = createControllerMetrics();
  const server = serveHealth(0, health, metrics);
  context.after(() => server.close());
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const status = async (path: string) => (await fetch(url + path)).status;
  assert.deepEqual([await status('/healthz'), await status('/readyz')], [200, 503]);
  health.noteGood();
  assert.deepEqual([await status('/healthz'), await status('/readyz')], [200, 200]);
  metrics.setLeading(true);
  assert.match(await (await fetch(`${url}/metrics`)).text(), /^walguard_controller_leading 1$/m);
});
