// The chart without its pods: accounts, permissions, policies and webhook configurations as rendered; webhook and controller
// as processes, each with the environment of its Deployment and a token of its own service account.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { createKube, type Kube, loadKubeConfig } from '../../../src/kube/client.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import { helm, kubectl, type Live, waitFor } from '../../support/cluster-client.ts';
import { mountSecret } from '../../support/mounted-secret.ts';
import { startReplica } from '../../support/replica.ts';
import { makeTempDir } from '../../support/temp.ts';
import { findFreePort } from '../webhook-process.ts';

const root = dirname(dirname(dirname(import.meta.dirname)));

export interface Stage {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly objects: readonly Live[];
  readonly secret: string;
  /** Starts the controller, then the webhook, and waits until both are ready; their end is the test's. */
  readonly start: (context: TestContext) => Promise<Programs>;
  readonly userOf: (component: 'webhook' | 'controller') => string;
}

export interface Programs {
  readonly controller: Controller;
  /** One more, which finds the first one leading. */
  readonly startAnother: () => Promise<Controller>;
}

export interface Controller {
  /** Status and text of its answer. */
  readonly ask: (path: '/readyz' | '/metrics') => Promise<readonly [status: number, text: string]>;
  /** SIGTERM, and its end; rejects with its log where that is not a good one. */
  readonly stop: () => Promise<void>;
}

/** Kinds that would only wait for a node that there is none of. */
const LEFT_OUT = ['Deployment', 'PersistentVolumeClaim', 'PodDisruptionBudget'];

export async function setStage(cluster: Cluster, namespace: string, values: object): Promise<Stage> {
  const webhookPort = await findFreePort();
  const objects = await renderChart(cluster, namespace, values);
  await kubectl(cluster, ['create', 'namespace', namespace]);
  const live = objects.filter(({ kind }) => !LEFT_OUT.includes(kind)).map((object) => redirect(object, webhookPort));
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: live });
  await kubectl(cluster, ['apply', '--server-side', '-f', '-'], list);
  const { secret } = deploymentOf(objects, 'webhook').spec.template.spec.volumes.find((each: Live) => each.secret);
  const stage = { cluster, namespace, objects, secret: secret.secretName as string };
  return {
    ...stage,
    userOf: (component) => `system:serviceaccount:${namespace}:${accountOf(objects, component)}`,
    start: async (context) => {
      const kube = createKube(loadKubeConfig({ kubeconfig: cluster.kubeconfig }));
      const directory = await makeTempDir(context);
      const controller = await startController(context, stage, directory);
      await waitFor('the TLS Secret', () => kube.get(secretRef(stage)), { timeoutMs: 30_000, everyMs: 100 });
      await startWebhook(context, stage, kube, directory, webhookPort);
      return { controller, startAnother: () => startController(context, stage, directory) };
    },
  };
}

async function renderChart(cluster: Cluster, namespace: string, values: object): Promise<Live[]> {
  const set = Object.entries(values).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  const text = await helm(cluster, ['template', 'walguard', join(root, 'chart'), '-n', namespace, ...set]);
  return parseAllDocuments(text).flatMap((document) => (document.toJS() as Live) ?? []);
}

/** The Service leads to the webhook's port of loopback: the API server takes an external name, and asks for the Service's in TLS. */
function redirect(object: Live, port: number): Live {
  const { kind, metadata, webhooks } = object;
  if (kind === 'Service' && metadata.name.endsWith('-webhook')) {
    return { ...object, spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port }] } };
  }
  if (!webhooks) return object;
  const redirected = webhooks.map((each: Live) => {
    const service = { ...each.clientConfig.service, port };
    return { ...each, clientConfig: { ...each.clientConfig, service } };
  });
  return { ...object, webhooks: redirected };
}

type Scene = Pick<Stage, 'cluster' | 'namespace' | 'objects' | 'secret'>;

function secretRef({ namespace, secret }: Scene) {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: secret, namespace } };
}

async function startWebhook(context: TestContext, scene: Scene, kube: Kube, directory: string, port: number) {
  const end = new AbortController();
  const tls = { namespace: scene.namespace, name: scene.secret, keys: ['tls.crt', 'tls.key'], lagMs: 0 };
  await mountSecret(kube, { ...tls, directory: join(directory, 'tls') }, end.signal);
  const own = { WALGUARD_PORT: `${port}`, WALGUARD_TLS_DIR: join(directory, 'tls') };
  const env = await buildEnv(scene, 'webhook', directory, own);
  const replica = startReplica({ name: 'webhook', port, env, onChange: () => undefined });
  context.after(async () => {
    end.abort();
    await replica.kill();
  });
  await waitFor('the webhook to be ready', async () => replica.isServing(), { timeoutMs: 60_000, everyMs: 100 }).catch(
    (error: Error) => {
      throw new Error(`${error.message}\n${replica.log.join('\n')}`);
    },
  );
}

async function startController(context: TestContext, scene: Scene, directory: string): Promise<Controller> {
  const port = await findFreePort();
  const env = await buildEnv(scene, 'controller', directory, { WALGUARD_PORT: `${port}` });
  const child = spawn(process.execPath, [join(root, 'src', 'main.ts'), 'controller'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  }
  context.after(() => void child.kill('SIGKILL'));
  const ask = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return [response.status, await response.text()] as const;
  };
  return { ask, stop: () => stop(child, () => log) };
}

async function stop(child: ChildProcess, readLog: () => string): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const [code, signal] = child.exitCode === null ? await exited : [child.exitCode, null];
  if (code !== 0) throw new Error(`the controller ended with ${signal ?? `code ${code}`}\n${readLog()}`);
}

function deploymentOf(objects: readonly Live[], component: string): Live {
  return objects.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name.endsWith(`-${component}`));
}

function accountOf(objects: readonly Live[], component: string): string {
  return deploymentOf(objects, component).spec.template.spec.serviceAccountName;
}

/** What the Deployment gives its container, and a kubeconfig with nothing but a token of its service account. */
async function buildEnv(
  { cluster, namespace, objects }: Scene,
  component: string,
  directory: string,
  own: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const [container] = deploymentOf(objects, component).spec.template.spec.containers;
  const given = container.env.map(({ name, value }: Live) => [name, value ?? namespace]);
  const token = await kubectl(cluster, ['-n', namespace, 'create', 'token', accountOf(objects, component)]);
  const kubeconfig = JSON.parse(readFileSync(cluster.kubeconfig, 'utf8')) as Live;
  kubeconfig.users[0].user = { token: token.trim() };
  const path = join(directory, `${component}.kubeconfig`);
  await writeFile(path, JSON.stringify(kubeconfig), { mode: 0o600 });
  return { ...Object.fromEntries(given), KUBECONFIG: path, ...own };
}
