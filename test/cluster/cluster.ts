// A real Kubernetes on this machine, from package registries only. What tests and the demo import.
import { startAddOns } from './add-ons.ts';
import { type ClusterKind, stateDirOf } from './checkout.ts';
import { buildContext, type Context, interruptible, type Log, logToStderr } from './context.ts';
import { endpointsOn, freeEndpoints, startControlPlane, startScheduler } from './control-plane.ts';
import { ensureNodePackages, requireRoot } from './host-packages.ts';
import { postgresImage, type TestImage } from './images/recipes.ts';
import { archiveImage, archivePause } from './images.ts';
import { admin, kubeconfigOf } from './kubeconfig.ts';
import { importArchive, importImage, provideImage } from './load-image.ts';
import { withLock } from './lock.ts';
import { createNetwork } from './network.ts';
import { breakNode, restoreKernelSettings, startContainerd, startNode, waitForNodes } from './node.ts';
import { isAlive } from './process.ts';
import { run, withProgress } from './run.ts';
import { auditLogOf, type ClusterState, createState, readState, save } from './state.ts';
import { destroy } from './teardown.ts';
import { together } from './together.ts';
import { buildTools, preferAssets, type Tools } from './tools.ts';
import { buildAndLoad } from './walguard-image.ts';

export interface Cluster {
  readonly name: string;
  readonly kubeconfig: string;
  readonly kubectl: string;
  readonly helm: string;
  readonly nodes: readonly string[];
  /** https URL */
  readonly apiServer: string;
  readonly stateDir: string;
  /** The API server's audit log, one JSON object a line; audit.ts says of what. */
  readonly auditLog: string;
}

export type { TestImage };

export interface UpOptions {
  readonly nodes?: 1 | 2;
  /** etcd, API server and controllers on loopback, without root and without pods. */
  readonly apiOnly?: boolean;
  readonly log?: Log;
}

export type ClusterStatus = 'running' | 'broken' | 'absent';

export interface ClusterReport {
  readonly status: ClusterStatus;
  readonly stateDir: string;
  readonly nodes: readonly string[];
  readonly apiServer: string;
  readonly daemons: readonly {
    readonly name: string;
    readonly pid: number;
    readonly alive: boolean;
    readonly logFile: string;
  }[];
}

const kindOf = (options: { apiOnly?: boolean }): ClusterKind => (options.apiOnly ? 'api' : 'full');

/** Returns the running cluster when it is healthy and large enough; otherwise clears what is left of it and starts anew. */
export async function up(options: UpOptions = {}): Promise<Cluster> {
  const kind = kindOf(options);
  const nodeCount = kind === 'full' ? (options.nodes ?? 2) : 0;
  if (kind === 'full') requireRoot();
  return interruptible(options.log ?? logToStderr, (context) =>
    withLock(context, `${stateDirOf(kind)}.lock`, 'starting this cluster', async () => {
      const left = readState(kind);
      if (left && left.nodes.length >= nodeCount && (await assess(context, left)) === 'running') {
        return describe(left, await toolsFor(context, kind));
      }
      if (left) await destroy(context, left);
      return create(context, kind, nodeCount);
    }),
  );
}

export async function down(options: { apiOnly?: boolean; log?: Log } = {}): Promise<void> {
  const kind = kindOf(options);
  if (kind === 'full') requireRoot();
  const context = buildContext(options.log);
  await withLock(context, `${stateDirOf(kind)}.lock`, 'stopping this cluster', async () => {
    const state = readState(kind);
    if (state) await withProgress(context, 'stopping the cluster', () => destroy(context, state));
  });
}

export async function status(options: { apiOnly?: boolean; log?: Log } = {}): Promise<ClusterReport> {
  const kind = kindOf(options);
  const context = buildContext(options.log);
  const state = readState(kind);
  if (!state) return { status: 'absent', stateDir: stateDirOf(kind), nodes: [], apiServer: '', daemons: [] };
  const { stateDir, nodes, apiServer } = state;
  const daemons = state.daemons.map((daemon) => ({ ...daemon, alive: isAlive(daemon) }));
  return { status: await assess(context, state), stateDir, nodes, apiServer, daemons };
}

/** Binaries without starting anything. */
export async function ensureTools(log: Log = logToStderr): Promise<Tools> {
  return interruptible(log, buildTools);
}

/** Makes the images of an OCI or Docker archive known to every node. */
export async function loadImage(cluster: Cluster, archivePath: string, log: Log = logToStderr): Promise<void> {
  await importImage(buildContext(log), requireFullState(), cluster.nodes, archivePath);
}

/** Breaks a node for good, with all that lies on it. The cluster is not healthy any more then: the next `up` makes another. */
export async function loseNode(cluster: Cluster, node: string): Promise<void> {
  if (!cluster.nodes.includes(node))
    throw new Error(`${cluster.name} has no ${node}; it has ${cluster.nodes.join(', ')}`);
  await breakNode(requireFullState(), node);
}

/** Builds the named images as far as they are stale or missing, and makes them known to every node. */
export async function loadTestImages(
  cluster: Cluster,
  images: readonly TestImage[],
  log: Log = logToStderr,
): Promise<void> {
  await interruptible(log, async (context) => {
    for (const image of images) await provideImage(context, requireFullState(), cluster.nodes, image);
  });
}

/** Builds the repository's own Dockerfile, loads it into every node, and returns the reference for a pod's `image`. */
export async function buildWalguardImage(cluster: Cluster, log: Log = logToStderr): Promise<string> {
  return interruptible(log, (context) => buildAndLoad(context, requireFullState(), cluster.nodes));
}

function requireFullState(): ClusterState {
  const state = readState('full');
  if (!state) throw new Error('no cluster with nodes is running for this checkout: `npm run cluster -- up` starts one');
  return state;
}

const toolsFor = (context: Context, kind: ClusterKind): Promise<Tools> =>
  kind === 'api' ? preferAssets(context) : buildTools(context);

async function assess(context: Context, state: ClusterState): Promise<ClusterStatus> {
  if (!state.ready || !state.daemons.every(isAlive)) return 'broken';
  const { kubectl } = await toolsFor(context, state.kind);
  const kubeconfig = kubeconfigOf(state.stateDir, admin.id);
  return run(context, kubectl, ['--kubeconfig', kubeconfig, 'get', '--raw', '/readyz', '--request-timeout=5s']).then(
    () => 'running' as const,
    () => 'broken' as const,
  );
}

async function create(context: Context, kind: ClusterKind, nodeCount: number): Promise<Cluster> {
  const state = createState(kind);
  try {
    const tools = kind === 'api' ? await startApiOnly(context, state) : await startFull(context, state, nodeCount);
    state.ready = true;
    save(state);
    return describe(state, tools);
  } catch (error) {
    // With a context of its own: after an interruption the old one refuses to run anything.
    await destroy(buildContext(context.log), state);
    throw error;
  }
}

async function startApiOnly(context: Context, state: ClusterState): Promise<Tools> {
  const tools = await preferAssets(context);
  await startControlPlane(context, state, tools, await freeEndpoints('127.0.0.1'), []);
  return tools;
}

async function startFull(context: Context, state: ClusterState, nodeCount: number): Promise<Tools> {
  const [tools, postgres] = await together(context, buildTools, async (inner) => {
    await ensureNodePackages(inner);
    return archiveImage(inner, postgresImage);
  });
  const pause = await archivePause(context, tools.pause);
  await withProgress(context, `starting ${nodeCount} node${nodeCount === 1 ? '' : 's'}`, async () => {
    const { hostAddress, nodes } = await createNetwork(context, state, nodeCount);
    const names = nodes.map(({ name }) => name);
    const endpoints = endpointsOn(hostAddress);
    await together(
      context,
      (inner) => startControlPlane(inner, state, tools, endpoints, names),
      async (inner) => {
        await Promise.all(nodes.map((node) => startContainerd(inner, state, node)));
        await importArchive(inner, state, names, pause);
      },
    );
    state.nodes = names;
    await together(
      context,
      (inner) => startScheduler(inner, state, tools, endpoints),
      (inner) => startAddOns(inner, state, tools, hostAddress),
      (inner) => importArchive(inner, state, names, postgres),
      async (inner) => {
        for (const node of nodes) await startNode(state, tools, node, hostAddress);
        await waitForNodes(inner, state, tools);
        restoreKernelSettings(state);
      },
    );
  });
  return tools;
}

function describe(state: ClusterState, tools: Tools): Cluster {
  return {
    name: `walguard-${state.id}`,
    kubeconfig: kubeconfigOf(state.stateDir, admin.id),
    kubectl: tools.kubectl,
    helm: tools.helm,
    nodes: state.nodes,
    apiServer: state.apiServer,
    stateDir: state.stateDir,
    auditLog: auditLogOf(state),
  };
}
