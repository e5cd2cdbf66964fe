// The engine's daemons of a sidecar: which should run (pure), and keeping just those running. Room: agent (door).
import { rm } from 'node:fs/promises';
import { ARCHIVE_SOCKET, RECOVERY_SOCKET } from '../api/names.ts';
import type { RestoreRecord } from '../api/reports.ts';
import { buildStoragePrefix, type ClusterIdentity } from '../lib/cluster-identity.ts';
import { isEqual } from '../lib/json.ts';
import { type ChildProcess, killGroup, onLines, start } from '../tools/exec.ts';
import type { AgentContext } from './context.ts';
import { buildEngineEnv, type Credentials } from './storage.ts';

export type Role = 'archive' | 'recovery';

export interface DesiredDaemon {
  readonly role: Role;
  readonly socket: string;
  readonly prefix: string;
  readonly credentials: Credentials;
}

/**
 * | data initialised | recovery asked for | credentials | daemons                          |
 * | no               |                    |             | none                             |
 * | yes              | any                | no          | none                             |
 * | yes              | no                 | yes         | archive (own prefix)             |
 * | yes              | yes                | yes         | archive, recovery (the source's) |
 */
export function planDaemons(
  context: Pick<AgentContext, 'policyPrefix' | 'namespace' | 'database'>,
  identity: ClusterIdentity | undefined,
  restore: RestoreRecord | undefined,
  credentials: Credentials | undefined,
): DesiredDaemon[] {
  if (!identity || !credentials) return [];
  const prefix = buildStoragePrefix(context.policyPrefix, context.namespace, context.database, identity);
  const archive: DesiredDaemon = { role: 'archive', socket: ARCHIVE_SOCKET, prefix, credentials };
  if (!restore) return [archive];
  return [archive, { role: 'recovery', socket: RECOVERY_SOCKET, prefix: restore.storagePrefix, credentials }];
}

interface Running {
  readonly desired: DesiredDaemon;
  readonly child: ChildProcess;
  exited: boolean;
  /** The engine's own words about its last failure. */
  lastError?: string;
}

export interface Supervisor {
  /** Ends what should not run (any more, or with other settings) and starts what should. */
  readonly apply: (desired: readonly DesiredDaemon[]) => Promise<void>;
  readonly isRunning: (role: Role) => boolean;
  /** What the engine said last that sounds like a failure; it may be over by now. */
  readonly lastError: (role: Role) => string | undefined;
  readonly stop: () => Promise<void>;
}

const STOP_TIMEOUT_MS = 5000;

export function createSupervisor(context: AgentContext): Supervisor {
  const running = new Map<Role, Running>();

  async function end(role: Role): Promise<void> {
    const daemon = running.get(role);
    running.delete(role);
    if (daemon && !daemon.exited) await stopChild(daemon);
  }

  async function apply(desired: readonly DesiredDaemon[]): Promise<void> {
    for (const [role, daemon] of running) {
      if (daemon.exited || !desired.some((each) => isEqual(each, daemon.desired))) await end(role);
    }
    for (const each of desired) if (!running.has(each.role)) running.set(each.role, await startDaemon(context, each));
  }

  return {
    apply,
    isRunning: (role) => running.get(role)?.exited === false,
    lastError: (role) => running.get(role)?.lastError,
    stop: () => apply([]),
  };
}

async function startDaemon(context: AgentContext, desired: DesiredDaemon): Promise<Running> {
  const { engine, log } = context;
  // A socket that a killed daemon left behind would make the new one fail to bind.
  await rm(desired.socket, { force: true });
  const env = buildEngineEnv(context, desired.prefix, desired.credentials);
  const child = start(engine.binary, engine.daemonArgs(desired.socket), env);
  const daemon: Running = { desired, child, exited: false };
  log.info({ role: desired.role, prefix: desired.prefix, engine: engine.id }, 'daemon started');
  for (const stream of [child.stdout, child.stderr]) {
    onLines(stream, env, (line) => {
      if (/\b(ERROR|WARN)/.test(line)) daemon.lastError = line;
      log.info({ role: desired.role }, line);
    });
  }
  child.on('error', (error) => {
    daemon.exited = true;
    log.error({ role: desired.role, error: error.message }, 'daemon could not be started');
  });
  child.on('exit', (code, signal) => {
    daemon.exited = true;
    log.warn({ role: desired.role, code, signal }, 'daemon ended');
  });
  return daemon;
}

function stopChild({ child }: Running): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => killGroup(child, 'SIGKILL'), STOP_TIMEOUT_MS);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    killGroup(child, 'SIGTERM');
  });
}
