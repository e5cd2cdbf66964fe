// The sidecar: keeps the daemons right for the data directory that is there, watches Postgres, answers /status.
// Room: agent (door).
import { createServer, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { SIDECAR_PORT } from '../api/names.ts';
import { isEqual } from '../lib/json.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { resolveRestApi } from '../tools/patroni.ts';
import { observe } from '../tools/postgres.ts';
import { type AgentContext, readContext } from './context.ts';
import { createSupervisor, planDaemons, type Supervisor } from './daemon.ts';
import { finishRestore, readIdentity, readRestoreRecord } from './data-directory.ts';
import { settle } from './patroni.ts';
import { installScripts } from './scripts.ts';
import { findMissing } from './settings.ts';
import { buildStatus, type State } from './status.ts';
import { readCredentials } from './storage.ts';

const DAEMON_TICK_MS = 500;
const POSTGRES_TICK_MS = 2000;
const PATRONI_TICK_MS = 5000;

/** Runs until the signal; Postgres has ended by then, because native sidecars are stopped last. */
export async function runSidecar(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  const context = readContext('sidecar', env);
  const supervisor = createSupervisor(context);
  const state: State = {};
  const metrics = createMetrics();
  await installScripts();
  const server = serve(context, state, supervisor, metrics);
  const loops = [
    every(DAEMON_TICK_MS, signal, () => tickDaemons(context, state, supervisor)),
    every(POSTGRES_TICK_MS, signal, () => tickPostgres(context, state, metrics)),
    ...(context.wanted.channel === 'rest' ? [every(PATRONI_TICK_MS, signal, () => tickPatroni(context, state))] : []),
  ];
  context.log.info({ port: SIDECAR_PORT, pgdata: context.pgdata }, 'sidecar started');
  await Promise.all(loops);
  server.close();
  await supervisor.stop();
}

async function every(intervalMs: number, signal: AbortSignal, tick: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await tick();
    await sleep(intervalMs, undefined, { signal }).catch(() => undefined);
  }
}

async function tickDaemons(context: AgentContext, state: State, supervisor: Supervisor): Promise<void> {
  try {
    state.identity = await readIdentity(context.pgdata);
    state.credentials = await readCredentials();
    const restore = await readRestoreRecord(context.pgdata);
    if (restore && state.observed?.inRecovery === false) await finishRestore(context.pgdata);
    await supervisor.apply(planDaemons(context, state.identity, restore, state.credentials));
  } catch (error) {
    state.message = (error as Error).message;
    context.log.error({ error: state.message }, 'could not look at the data directory');
  }
}

async function tickPostgres(context: AgentContext, state: State, metrics: Metrics): Promise<void> {
  try {
    state.observed = await observe(context.connection);
    state.message = undefined;
  } catch (error) {
    state.observed = undefined;
    state.message = `Postgres does not answer: ${(error as Error).message}`;
  }
  metrics.observeArchiver(state.observed?.archiver);
}

/** Only while Postgres lacks something: what the user changes later in Patroni's configuration is theirs, and is said. */
async function tickPatroni(context: AgentContext, state: State): Promise<void> {
  if (!state.observed || findMissing(state.observed, context.wanted).length === 0) return;
  const before = state.rest;
  state.rest = await settle(resolveRestApi(context.env), context.wanted);
  if (!isEqual(before, state.rest)) context.log.info({ outcome: state.rest }, "Patroni's configuration");
}

function serve(context: AgentContext, state: State, supervisor: Supervisor, metrics: Metrics): Server {
  const server = createServer(async (request, response) => {
    if (request.url === '/healthz') return response.end('ok\n');
    if (request.url === '/status') {
      response.setHeader('content-type', 'application/json');
      const archive = { isRunning: supervisor.isRunning('archive'), lastError: supervisor.lastError('archive') };
      return response.end(JSON.stringify(buildStatus(context, state, archive)));
    }
    if (request.url === '/metrics') {
      response.setHeader('content-type', metrics.contentType);
      return response.end(await metrics.render());
    }
    response.statusCode = 404;
    return response.end('/healthz, /status and /metrics are here\n');
  });
  return server.listen(SIDECAR_PORT);
}
