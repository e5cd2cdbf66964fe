// walguard's agent in a pod of the tier: the sidecar and the jobs as the image starts them, with the environment that the
// product's own injection writes.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AgentContext, readContext } from '../../../src/agent/context.ts';
import { readIdentity } from '../../../src/agent/data-directory.ts';
import { buildEngineEnv } from '../../../src/agent/storage.ts';
import type { EnvVar } from '../../../src/api/kubernetes.ts';
import { SIDECAR } from '../../../src/api/names.ts';
import type { SidecarStatus } from '../../../src/api/reports.ts';
import { buildArchiveArguments } from '../../../src/inject/archive-settings.ts';
import { buildStoragePrefix } from '../../../src/lib/cluster-identity.ts';
import type { PlacedSettings } from '../../../src/policy/place.ts';
import { repositoryDir } from '../../cluster/checkout.ts';
import { injected } from '../../support/injected.ts';
import { buildWorkload, SETTINGS } from '../../support/workloads.ts';
import { type Ended, exitCodeOf, killTree, type Pod } from './pod.ts';
import type { Postgres } from './postgres.ts';
import { findFreePort, type Store } from './store.ts';

/** Whose agent it is; a test says only what differs. */
export interface AgentOptions {
  readonly namespace?: string;
  readonly database?: string;
  readonly settings?: PlacedSettings;
  /** Instead of the store's own: of a proxy in front of it. */
  readonly endpoint?: string;
  /** Further variables, over all others. */
  readonly env?: NodeJS.ProcessEnv;
}

export interface Job extends Ended {
  /** What the controller would read. */
  readonly report: Record<string, unknown>;
}

export interface Sidecar {
  readonly port: number;
  readonly status: () => Promise<SidecarStatus>;
  readonly metrics: () => Promise<string>;
  /** Resolves with the first status for which it holds; rejects with the last one after the time. */
  readonly until: (
    what: string,
    holds: (status: SidecarStatus) => boolean,
    timeoutMs?: number,
  ) => Promise<SidecarStatus>;
  /** SIGTERM and wait, as the kubelet does; kill: SIGKILL for it and its daemons. */
  readonly stop: (mode?: 'term' | 'kill') => Promise<void>;
  readonly log: () => string;
}

/** What Postgres gets on its command line in an injected pod. */
export const ARCHIVE_ARGUMENTS = buildArchiveArguments(60);

/** The variables that injection gives the sidecar, resolved as the kubelet would for this pod. */
export function agentEnv(
  store: Store,
  postgres: Pick<Postgres, 'pgdata' | 'connection' | 'pod'>,
  options: AgentOptions = {},
): NodeJS.ProcessEnv {
  const { namespace = 'shop', database = 'orders', settings = SETTINGS, endpoint = store.endpoint } = options;
  const storage = { ...settings.storage, prefix: store.prefix, endpoint };
  const workload = buildWorkload();
  workload.metadata.name = database;
  const template = injected(workload, { ...settings, storage }).spec.template.spec;
  const { env = [] } = template.initContainers?.find(({ name }) => name === SIDECAR) ?? {};
  const fields: Record<string, string> = {
    'metadata.namespace': namespace,
    'metadata.name': `${database}-0`,
    'spec.nodeName': 'node-1',
  };
  const { password = '', port } = postgres.connection;
  const resolve = ({ value, valueFrom }: EnvVar) =>
    value ?? fields[(valueFrom as { fieldRef?: { fieldPath: string } }).fieldRef?.fieldPath ?? ''] ?? password;
  return {
    ...Object.fromEntries(env.map((each) => [each.name, resolve(each)])),
    PGDATA: postgres.pgdata,
    WALGUARD_PGPORT: String(port),
    WALGUARD_ENGINE: postgres.pod.engine.id,
    ...options.env,
  };
}

/** For agent functions that run in the test's own process; paths outside of the pod are the same, but for fixed ones. */
export function agentContext(
  companion: string,
  store: Store,
  postgres: Postgres,
  options: AgentOptions = {},
): AgentContext {
  return { ...readContext(companion, agentEnv(store, postgres, options)), engine: postgres.pod.engine };
}

/** Where this cluster's backups and WAL are: `s3://backups/shop/orders/<major>/<cluster id>`. */
export async function prefixOf(store: Store, postgres: Postgres, options: AgentOptions = {}): Promise<string> {
  const { namespace = 'shop', database = 'orders' } = options;
  const identity = await readIdentity(postgres.pgdata);
  if (!identity) throw new Error(`${postgres.pgdata} holds no cluster`);
  return buildStoragePrefix(store.prefix, namespace, database, identity);
}

/** What the agent gives the engine: the product's guards, the credentials, the prefix; and no more than that. */
export async function engineEnv(
  store: Store,
  postgres: Postgres,
  options: AgentOptions = {},
): Promise<NodeJS.ProcessEnv> {
  const context = agentContext('test', store, postgres, options);
  return buildEngineEnv(context, await prefixOf(store, postgres, options), store.credentials);
}

/** For engine calls that need the server, as a base backup does. */
export function connectionEnv({ connection }: Pick<Postgres, 'connection'>): NodeJS.ProcessEnv {
  const { host, port, user, password } = connection;
  return { PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password, PGDATABASE: 'postgres' };
}

/** The storage Secret's files, as mounted into the pod: like the kubelet's, each is whole at any moment, and stays where it is the same. */
export async function mountCredentials(pod: Pod, credentials: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, value] of Object.entries(credentials)) {
    const file = join(pod.storage, name);
    if ((await readFile(file, 'utf8').catch(() => undefined)) === value) continue;
    await writeFile(join(pod.storage, `..${name}`), value);
    await rename(join(pod.storage, `..${name}`), file);
  }
}

/** `walguard agent <companion>` to its end. */
export async function runJob(
  companion: string,
  store: Store,
  postgres: Pick<Postgres, 'pgdata' | 'connection' | 'pod'>,
  options: AgentOptions = {},
): Promise<Job> {
  const { pod } = postgres;
  await mountCredentials(pod, store.credentials);
  await writeFile(pod.terminationLog, '');
  const env = { ...agentEnv(store, postgres, options), HOME: '/tmp', WALGUARD_TIMEOUT_SECONDS: '60', ...options.env };
  const ended = await pod.run(process.execPath, [join(repositoryDir, 'src', 'main.ts'), 'agent', companion], { env });
  const message = await readFile(pod.terminationLog, 'utf8');
  return { ...ended, report: message === '' ? {} : JSON.parse(message) };
}

/** `walguard agent sidecar`; resolves once it answers. The archive script is there then. Its log is shown if the test fails. */
export async function startSidecar(
  context: TestContext,
  store: Store,
  postgres: Pick<Postgres, 'pgdata' | 'connection' | 'pod'>,
  options: AgentOptions = {},
): Promise<Sidecar> {
  const { pod } = postgres;
  await mountCredentials(pod, store.credentials);
  const port = await findFreePort();
  const env = { ...agentEnv(store, postgres, options), WALGUARD_SIDECAR_PORT: String(port), ...options.env };
  const child = pod.spawn(process.execPath, [join(repositoryDir, 'src', 'main.ts'), 'agent', 'sidecar'], { env });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  }
  context.after(() => {
    // Node has it, its types do not.
    if (!(context as { passed?: boolean }).passed)
      context.diagnostic(`the sidecar's log ends:\n${log.slice(-LOG_SHOWN)}`);
  });
  const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  const sidecar: Sidecar = {
    port,
    status: async () => (await (await get('/status')).json()) as SidecarStatus,
    metrics: async () => (await get('/metrics')).text(),
    until: (what, holds, timeoutMs = 15_000) => waitFor(what, sidecar.status, holds, timeoutMs),
    stop: (mode = 'term') => end(child, mode),
    log: () => log,
  };
  await waitFor(
    'the sidecar answers',
    () =>
      get('/healthz').then(
        ({ ok }) => ok,
        () => isOver(child, log),
      ),
    Boolean,
    15_000,
  );
  return sidecar;
}

const LOG_SHOWN = 3000;

function isOver({ exitCode, signalCode }: ChildProcess, log: string): boolean {
  if (exitCode === null && signalCode === null) return false;
  throw new Error(`the sidecar ended with ${exitCodeOf(exitCode, signalCode)}:\n${log}`);
}

async function waitFor<Value>(
  what: string,
  read: () => Promise<Value>,
  holds: (value: Value) => boolean,
  timeoutMs: number,
): Promise<Value> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}; last seen: ${JSON.stringify(value)}`);
    await sleep(100);
  }
}

async function end(child: ChildProcess, mode: 'term' | 'kill'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  if (mode === 'kill') return killTree(child);
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
