// One process of the engine's daemon. It listens on a socket of its own; the public one is a link to it, so that a
// successor takes over without a moment in which nobody listens. Room: agent (door).
import { rename, rm, symlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isWalFileStored } from '../tools/engine.ts';
import { type ChildProcess, killGroup, onLines, start } from '../tools/exec.ts';
import type { AgentContext } from './context.ts';
import type { DesiredDaemon } from './daemon-plan.ts';
import { startGate } from './recovery-gate.ts';
import { buildEngineEnv } from './storage.ts';

export interface Running {
  readonly desired: DesiredDaemon;
  readonly child: ChildProcess;
  /** Where it listens itself. */
  readonly socket: string;
  /** Before the socket of one that serves a recovery, where this engine's "missing" needs a second look. */
  gate?: Server;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  exited: boolean;
  /** Why it ended. */
  why?: string;
  /** The engine's own words about its last failure. */
  lastError?: string;
}

let started = 0;

export async function startDaemon(context: AgentContext, desired: DesiredDaemon): Promise<Running> {
  const { engine, log } = context;
  started += 1;
  const socket = `${desired.socket}.${started}`;
  // A socket that a killed daemon left behind would make the new one fail to bind.
  await rm(socket, { force: true });
  const env = buildEngineEnv(context, desired.prefix, desired.credentials);
  const child = start(engine.binary, engine.daemonArgs(socket), env);
  const daemon: Running = { desired, child, socket, startedAt: Date.now(), exited: false };
  log.info({ role: desired.role, prefix: desired.prefix, engine: engine.id }, 'daemon started');
  for (const stream of [child.stdout, child.stderr]) {
    onLines(stream, env, (line) => {
      if (/\b(ERROR|WARN)/.test(line)) daemon.lastError = line;
      log.info({ role: desired.role }, line);
    });
  }
  child.on('error', (error) => {
    daemon.exited = true;
    daemon.why ??= error.message;
    log.error({ role: desired.role, error: error.message }, 'daemon could not be started');
  });
  child.on('exit', (code, signal) => {
    daemon.exited = true;
    daemon.why ??= signal ?? `code ${code}`;
    log.warn({ role: desired.role, code, signal }, 'daemon ended');
  });
  if (desired.role === 'recovery' && engine.listWalFileArgs) daemon.gate = await openGate(context, daemon, env);
  return daemon;
}

async function openGate({ engine, log }: AgentContext, daemon: Running, env: NodeJS.ProcessEnv): Promise<Server> {
  const path = gateOf(daemon.socket);
  await rm(path, { force: true });
  return startGate({
    path,
    engine: async () => {
      await isAnswering(daemon);
      return daemon.socket;
    },
    isStored: (name) => isWalFileStored(engine, env, name),
    log,
  });
}

const gateOf = (socket: string) => `${socket}.gate`;

/** From now on new clients reach this one; those of the one before it are still served by that one. */
export async function publish({ desired, socket, gate }: Running): Promise<void> {
  const link = `${desired.socket}.new`;
  await rm(link, { force: true });
  // Relative: the directory may be mounted elsewhere in the database container.
  await symlink(basename(gate ? gateOf(socket) : socket), link);
  await rename(link, desired.socket);
}

const ANSWER_TIMEOUT_MS = 5000;

/** Waits until it listens; false where it ends before, or does not come up. */
export async function isAnswering(daemon: Running): Promise<boolean> {
  const deadline = performance.now() + ANSWER_TIMEOUT_MS;
  while (!daemon.exited && performance.now() < deadline) {
    if (await canConnect(daemon.socket)) return true;
    await sleep(25);
  }
  return false;
}

function canConnect(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

const STOP_TIMEOUT_MS = 5000;

export async function stopDaemon({ child, socket, gate, exited }: Running): Promise<void> {
  if (!exited) await stopChild(child);
  // Node removes the socket's file with it.
  gate?.close();
  await rm(socket, { force: true });
}

function stopChild(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => killGroup(child, 'SIGKILL'), STOP_TIMEOUT_MS);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    killGroup(child, 'SIGTERM');
  });
}
