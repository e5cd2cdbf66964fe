// The sidecar: keeps the daemons right for the data directory that is there, watches Postgres, answers /status.
// Room: agent (door).
import { createSidecarMetrics } from '../telemetry/sidecar-metrics.ts';
import { readContext } from './context.ts';
import { createSupervisor } from './daemon.ts';
import { drain } from './drain.ts';
import { type Loop, runLoop, type Sidecar } from './loop.ts';
import { daemonsLoop } from './loop-daemons.ts';
import { healthLoop } from './loop-health.ts';
import { heartbeatLoop } from './loop-heartbeat.ts';
import { patroniLoop } from './loop-patroni.ts';
import { postgresLoop } from './loop-postgres.ts';
import { storageLoop } from './loop-storage.ts';
import { tornLoop } from './loop-torn.ts';
import { walLoop } from './loop-wal.ts';
import { portOf, serveRoutes } from './routes.ts';
import { installScripts } from './scripts.ts';

/** One file each. */
const LOOPS: readonly Loop[] = [
  daemonsLoop,
  postgresLoop,
  storageLoop,
  patroniLoop,
  walLoop,
  healthLoop,
  heartbeatLoop,
  tornLoop,
];

/** Runs until the signal; Postgres has ended by then, because native sidecars are stopped last. */
export async function runSidecar(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  const context = readContext('sidecar', env);
  const sidecar: Sidecar = {
    context,
    supervisor: createSupervisor(context),
    metrics: createSidecarMetrics(),
    state: {},
  };
  await installScripts(context.care.mayLetGo);
  const server = serveRoutes(sidecar);
  const loops = LOOPS.filter(({ isWanted }) => isWanted?.(context) ?? true);
  context.log.info({ port: portOf(context), pgdata: context.pgdata }, 'sidecar started');
  await Promise.all(loops.map((loop) => runLoop(loop, sidecar, signal)));
  await drain(sidecar);
  server.close();
  await sidecar.supervisor.stop();
}
