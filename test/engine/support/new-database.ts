// A Restore's job that loads a dump into a new database of a server that runs: the shipped client script run by the image's own
// sh, and `walguard agent restore` beside it, in the server's own pod.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Wish } from '../../../src/lib/new-database.ts';
import { repositoryDir } from '../../cluster/checkout.ts';
import { agentEnv, type Job, mountCredentials, prefixOf } from './agent.ts';
import { startClient } from './dump.ts';
import { collect, killTree } from './pod.ts';
import type { Postgres } from './postgres.ts';
import { findFreePort, type Store } from './store.ts';

export interface NewDatabaseOptions {
  /** `latest`, or a dump's name. */
  readonly dump?: string;
  readonly freeBytes?: number;
  readonly planOnly?: boolean;
  /** Called once it has begun, with the container of the image and the agent. */
  readonly during?: (container: ChildProcess, agent: ChildProcess) => Promise<void>;
}

export async function runNewDatabaseJob(
  store: Store,
  postgres: Postgres,
  wish: Wish,
  options: NewDatabaseOptions = {},
): Promise<Job> {
  const { pod } = postgres;
  const container = startClient(pod);
  const ended = once(container, 'exit');
  await mountCredentials(pod, store.credentials);
  await writeFile(pod.terminationLog, '');
  const env = {
    ...agentEnv(store, postgres),
    HOME: '/tmp',
    WALGUARD_SIDECAR_PORT: String(await findFreePort()),
    WALGUARD_SOURCE_PREFIX: await prefixOf(store, postgres),
    WALGUARD_DUMP: options.dump ?? 'latest',
    WALGUARD_DUMP_DESTINATION: 'storage',
    WALGUARD_NEW_DATABASE: JSON.stringify(wish),
    WALGUARD_FREE_BYTES: String(options.freeBytes ?? 10 * 1024 ** 3),
    WALGUARD_TIMEOUT_SECONDS: '120',
    ...(options.planOnly ? { WALGUARD_PLAN_ONLY: '1' } : {}),
  };
  const agent = pod.spawn(process.execPath, [join(repositoryDir, 'src', 'main.ts'), 'agent', 'restore'], { env });
  const [said] = await Promise.all([collect(agent), options.during?.(container, agent)]);
  const message = await readFile(pod.terminationLog, 'utf8');
  // As the kubelet ends a native sidecar; by then it has mostly ended by itself.
  await killTree(container);
  await ended;
  return { ...said, report: message === '' ? {} : JSON.parse(message) };
}
