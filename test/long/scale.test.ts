// Two thousand databases on a real API server, without nodes: all get their companions; then nothing is written any more,
// neither as time passes nor by the next leader.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, down, up } from '../cluster/cluster.ts';
import { type ApiCalls, createApiCalls } from '../support/api-calls.ts';
import { kubectl, waitFor } from '../support/cluster-client.ts';
import { startCountingProxy } from '../support/counting-proxy.ts';
import { injected } from '../support/injected.ts';
import { buildWorkload } from '../support/workloads.ts';
import { POLICY } from '../support/world.ts';

const root = dirname(dirname(import.meta.dirname));
const DATABASES = 2000;
const NAMESPACES = 20;
const STEADY_MS = 65_000;
/** The next leader looks at all of them in less. */
const AFTER_MS = 20_000;
/** Ten watches, each made anew twice a minute; certificates and credentials, each looked at now and then. */
const MOST_READS = 150;
const CACHES = 10;
/** The chart's limit for the controller; in a container of that size Node gives itself half of it for its heap. */
const MOST_MEMORY_MIB = 512;
const HEAP_MIB = 256;

let cluster: Cluster;
let api: ApiCalls;
let proxy: Awaited<ReturnType<typeof startCountingProxy>>;

before(async () => {
  cluster = await up({ apiOnly: true });
  await kubectl(cluster, ['apply', '--server-side', '-f', join(root, 'chart', 'crds')]);
  api = createApiCalls(cluster.kubeconfig, 8);
  proxy = await startCountingProxy(cluster.kubeconfig);
});

after(async () => {
  api?.close();
  await proxy?.close();
  await down({ apiOnly: true });
});

async function post(path: string, object: object): Promise<void> {
  const { status, text } = await api.call('POST', path, object);
  assert.ok(status === 201 || status === 409, `${path}: ${text}`);
}

/** There is no node for their pods, so Kubernetes is told to make none. */
const QUOTA = {
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name: 'none' },
  spec: { hard: { pods: '0', persistentvolumeclaims: '0' } },
};

async function createDatabases(): Promise<void> {
  await post('/apis/walguard.dev/v1alpha1/backuppolicies', POLICY);
  const namespaces = Array.from({ length: NAMESPACES }, (_each, at) => `fleet-${at}`);
  for (const name of ['walguard-system', ...namespaces]) {
    await post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    await post(`/api/v1/namespaces/${name}/resourcequotas`, QUOTA);
  }
  const numbers = Array.from({ length: DATABASES }, (_each, at) => at);
  const make = async () => {
    for (let at = numbers.pop(); at !== undefined; at = numbers.pop()) {
      const namespace = `fleet-${at % NAMESPACES}`;
      const workload = injected(buildWorkload({ policy: 'standard' }));
      workload.metadata = { ...workload.metadata, name: `db-${at}`, namespace };
      await post(`/apis/apps/v1/namespaces/${namespace}/statefulsets`, workload);
    }
  };
  await Promise.all(Array.from({ length: 8 }, make));
}

interface Controller {
  readonly child: ChildProcess;
  readonly memoryMiB: () => number;
  readonly log: () => string;
}

function startController(context: TestContext): Controller {
  const env = {
    ...process.env,
    KUBECONFIG: proxy.kubeconfig,
    WALGUARD_NAMESPACE: 'walguard-system',
    WALGUARD_LEASE: 'walguard',
    WALGUARD_TLS_SECRET: 'tls',
    WALGUARD_WEBHOOK_SERVICE: 'walguard-webhook',
    WALGUARD_WEBHOOK_CONFIGURATION: 'walguard',
    WALGUARD_IMAGE: 'example.test/walguard:1',
    WALGUARD_STORAGE_SECRET: 'walguard-storage',
    WALGUARD_PORT: '0',
    LOG_LEVEL: 'warn',
  };
  const program = [`--max-old-space-size=${HEAP_MIB}`, join(root, 'src', 'main.ts'), 'controller'];
  const child = spawn(process.execPath, program, { env, stdio: 'pipe' });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-20_000);
    });
  }
  context.after(() => void child.kill('SIGKILL'));
  const memoryMiB = () => {
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
  };
  return { child, memoryMiB, log: () => log };
}

/** The Lease is given back, so that the next one leads at once. */
async function stop({ child }: Controller): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

async function count(path: string): Promise<number> {
  const { text } = await api.call('GET', `${path}?limit=1`);
  const { items, metadata } = JSON.parse(text);
  return items.length + (metadata.remainingItemCount ?? 0);
}

const COLLECTIONS = ['/apis/walguard.dev/v1alpha1/protecteddatabases', '/apis/batch/v1/cronjobs', '/api/v1/services'];

async function hasAll(): Promise<boolean> {
  const counts = await Promise.all(COLLECTIONS.map(count));
  return counts.every((each) => each >= DATABASES) && proxy.quietMs() >= QUIET_MS;
}

const QUIET_MS = 5000;

test('two thousand databases', { timeout: 900_000 }, async (context) => {
  const tell = (what: string, { memoryMiB }: Controller) =>
    context.diagnostic(
      `${what}: ${proxy.count('write')} writes, ${proxy.count('read')} reads, ${proxy.count('watch')} of them watches; ${memoryMiB()} MiB`,
    );
  await createDatabases();
  const startedAt = performance.now();
  let controller = startController(context);
  const withLog = (error: Error) => {
    throw new Error(`${error.message}\n${controller.log()}`);
  };
  await waitFor('all companions', hasAll, { timeoutMs: 600_000, everyMs: 500 }).catch(withLog);
  const seconds = Math.round((performance.now() - startedAt - QUIET_MS) / 1000);
  tell(`${DATABASES} databases after ${seconds} s`, controller);
  const memory = controller.memoryMiB();

  proxy.reset();
  await sleep(STEADY_MS);
  tell(`steady for ${STEADY_MS / 1000} s`, controller);
  assert.deepEqual(proxy.listWrites(), [], controller.log());
  assert.ok(proxy.count('read') < MOST_READS, `${proxy.count('read')} reads`);
  await stop(controller);

  proxy.reset();
  controller = startController(context);
  await waitFor('the next leader', async () => proxy.count('watch') >= CACHES, { timeoutMs: 60_000 }).catch(withLog);
  await sleep(AFTER_MS);
  tell('the next leader', controller);
  assert.deepEqual(proxy.listWrites(), [], controller.log());
  assert.ok(memory < MOST_MEMORY_MIB, `${memory} MiB`);
});
