// One process of the engine's daemon, and the gate before it: the daemon listens where the database cannot reach it. Each has a
// socket of its own; the public one is a link to the gate's, so that a successor takes over without a moment in which nobody
// listens. Room: agent (door).
import { rename, rm, symlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isWalFileStored } from '../tools/engine.ts';
import { type ChildProcess, killGroup, onLines, start } from '../tools/exec.ts';
import type { AgentContext } from './context.ts';
import { startGate } from './daemon-gate.ts';
import type { DesiredDaemon } from './daemon-plan.ts';
import { findObjection } from './gate-rules.ts';
import { buildEngineEnv } from './storage.ts';

export interface Running {
  readonly desired: DesiredDaemon;
  readonly child: ChildProcess;
  /** Where it listens itself. */
  readonly socket: string;
  readonly gate: Gate;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  hasAnswered?: boolean;
  exited: boolean;
  /** Why it ended. */
  why?: string;
  /** The engine's own words about its last failure. */
  lastError?: string;
}

interface Gate {
  readonly path: string;
  readonly server: Server;
}

let started = 0;

export async function startDaemon(context: AgentContext, desired: DesiredDaemon): Promise<Running> {
  const { engine, log } = context;
  started += 1;
  const socket = `${desired.engineSocket}.${started}`;
  // A socket that a killed daemon left behind would make the new one fail to bind.
  await rm(socket, { force: true });
  const env = buildEngineEnv(context, desired.prefix, desired.credentials);
  const gate = await openGate(context, desired, env, `${desired.socket}.${started}`, async () => {
    await isAnswering(daemon);
    return socket;
  });
  const child = start(engine.binary, engine.daemonArgs(socket), env);
  const daemon: Running = { desired, child, socket, gate, startedAt: Date.now(), exited: false };
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
  return daemon;
}

async function openGate(
  { engine, pgdata, log }: AgentContext,
  { role }: DesiredDaemon,
  env: NodeJS.ProcessEnv,
  path: string,
  socket: () => Promise<string>,
): Promise<Gate> {
  await rm(path, { force: true });
  const server = await startGate({
    path,
    engine: socket,
    findObjection: (request) => findObjection(role, pgdata, request),
    ...(engine.listWalFileArgs ? { isStored: (name: string) => isWalFileStored(engine, env, name) } : {}),
    log: log.child({ role }),
  });
  return { path, server };
}

/** From now on new clients reach this one; those of the one before it are still served by that one. */
export async function publish({ desired, gate }: Running): Promise<void> {
  const link = `${desired.socket}.new`;
  await rm(link, { force: true });
  // Relative: the directory may be mounted elsewhere in the database container.
  await symlink(basename(gate.path), link);
  await rename(link, desired.socket);
}

const ANSWER_TIMEOUT_MS = 5000;

/** Waits until it listens; false where it ends before, or does not come up. */
export async function isAnswering(daemon: Running): Promise<boolean> {
  const deadline = performance.now() + ANSWER_TIMEOUT_MS;
  while (!daemon.exited && performance.now() < deadline) {
    if (daemon.hasAnswered || (await canConnect(daemon.socket))) {
      daemon.hasAnswered = true;
      return true;
    }
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
  gate.server.close();
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
