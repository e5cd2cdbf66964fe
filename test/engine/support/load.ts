// A Restore's job that loads a dump, in a pod of its own: the shipped client script run by the image's own sh beside it.
import type { ChildProcess } from 'node:child_process';
import { chmod, chown } from 'node:fs/promises';
import type { TestContext } from 'node:test';
import { type AgentOptions, type Job, prefixOf } from './agent.ts';
import { runBesideImage } from './drill.ts';
import { POSTGRES_ID, type Pod, startPod } from './pod.ts';
import { adoptPostgres, type Postgres } from './postgres.ts';
import type { Store } from './store.ts';

export interface LoadOptions {
  /** `latest`, or a dump's name. */
  readonly dump?: string;
  readonly destination?: 'storage' | 'volume';
  readonly planOnly?: boolean;
  readonly serverOptions?: readonly string[];
  /** The data directory is the root of its volume, which belongs to root. */
  readonly isRoot?: boolean;
  readonly agent?: AgentOptions;
  readonly prepare?: (pod: Pod) => Promise<void>;
  readonly during?: (container: ChildProcess, agent: ChildProcess, pgdata: string) => Promise<void>;
}

export interface Loaded extends Job {
  readonly pod: Pod;
  readonly volume: string;
  readonly pgdata: string;
}

export async function runLoadJob(
  context: TestContext,
  store: Store,
  source: Postgres,
  options: LoadOptions = {},
): Promise<Loaded> {
  const pod = await startPod(context, { engine: source.pod.engine, major: source.pod.major });
  const volume = await pod.makeDirectory('volume', 0o777);
  if (options.isRoot) await chown(volume, 0, 0);
  await options.prepare?.(pod);
  const pgdata = options.isRoot ? volume : `${volume}/pgdata`;
  const env = {
    HOME: '/tmp',
    WALGUARD_SOURCE_PREFIX: await prefixOf(store, source),
    WALGUARD_DUMP: options.dump ?? 'latest',
    WALGUARD_DUMP_DESTINATION: options.destination ?? 'storage',
    WALGUARD_SERVER_OPTIONS: JSON.stringify(options.serverOptions ?? []),
    WALGUARD_TIMEOUT_SECONDS: '120',
    ...(options.planOnly ? { WALGUARD_PLAN_ONLY: '1' } : {}),
    ...options.agent?.env,
  };
  const place = { pod, pgdata, connection: source.connection };
  const job = await runBesideImage('restore', store, place, { ...options.agent, env }, (container, agent) =>
    options.during?.(container, agent, pgdata),
  );
  return { ...job, pod, volume, pgdata };
}

/** What the image does before it starts Postgres. */
export async function adoptLoaded({ pod, pgdata }: Loaded, args: readonly string[]): Promise<Postgres> {
  await chown(pgdata, POSTGRES_ID, POSTGRES_ID);
  await chmod(pgdata, 0o700);
  return adoptPostgres(pod, pgdata, { args });
}
