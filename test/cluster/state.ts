// What a cluster has made so far, on disk before it is made: after a crash at any point `down` still finds it all.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ClusterKind, cacheDir, checkoutId, makePrivateDir, stateDirOf } from './checkout.ts';
import { type ProcessId, startDaemon } from './process.ts';
import { lastLinesOf } from './run.ts';

export interface DaemonRecord extends ProcessId {
  readonly name: string;
  readonly logFile: string;
}

export interface ClusterState {
  readonly id: string;
  readonly kind: ClusterKind;
  readonly stateDir: string;
  /** Set when `up` has come to its end. */
  ready: boolean;
  apiServer: string;
  nodes: string[];
  daemons: DaemonRecord[];
  /** Their shims outlive containerd, and are told apart by its socket on their command line. */
  containerdSockets: string[];
  networkNamespaces: string[];
  /** In the host's namespace; routes over a link go with it. */
  links: string[];
  /** Paths below each cgroup hierarchy. */
  cgroups: string[];
  /** Kernel settings that a kubelet changes when it starts, with what they were. */
  kernelSettings: Record<string, string>;
}

export function createState(kind: ClusterKind): ClusterState {
  const state: ClusterState = {
    id: checkoutId(),
    kind,
    stateDir: stateDirOf(kind),
    ready: false,
    apiServer: '',
    nodes: [],
    daemons: [],
    containerdSockets: [],
    networkNamespaces: [],
    links: [],
    cgroups: [],
    kernelSettings: {},
  };
  makePrivateDir(state.stateDir);
  save(state);
  rmSync(logsDirOf(state), { recursive: true, force: true });
  mkdirSync(logsDirOf(state), { recursive: true, mode: 0o700 });
  return state;
}

/** Not in the state directory: after a failure that goes away, and this is what one wants to read. */
export const logsDirOf = ({ id, kind }: ClusterState) => join(cacheDir(), 'logs', `${id}-${kind}`);

/** Of all nodes: `<node>/<volume>`. */
export const volumesDirOf = ({ stateDir }: ClusterState) => join(stateDir, 'volumes');

/** Of the API server; see audit.ts. */
export const auditLogOf = (state: ClusterState) => join(logsDirOf(state), 'audit.log');

export function readState(kind: ClusterKind): ClusterState | undefined {
  const file = join(stateDirOf(kind), 'state.json');
  if (!existsSync(file)) return undefined;
  return JSON.parse(readFileSync(file, 'utf8'));
}

export function save(state: ClusterState): void {
  const file = join(state.stateDir, 'state.json');
  writeFileSync(`${file}.new`, JSON.stringify(state, null, 2), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Starts a daemon of this cluster and records it; inside a node's network namespace when one is given. */
export async function launch(
  state: ClusterState,
  name: string,
  command: string,
  args: readonly string[],
  options: { networkNamespace?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<DaemonRecord> {
  const logFile = join(logsDirOf(state), `${name}.log`);
  const { networkNamespace: namespace, env } = options;
  // nsenter and not `ip netns exec`: that one also changes the mount namespace, and hides the cgroups.
  const words = namespace ? ['nsenter', `--net=/run/netns/${namespace}`, '--', command, ...args] : [command, ...args];
  const [program = '', ...rest] = words;
  const id = await startDaemon(program, rest, { logFile, cwd: state.stateDir, ...(env && { env }) });
  const record = { name, logFile, ...id };
  state.daemons.push(record);
  save(state);
  return record;
}

export function diedMessage(daemon: DaemonRecord): string {
  return `${daemon.name} ended right after its start; ${lastLinesOf(daemon.logFile)}`;
}
