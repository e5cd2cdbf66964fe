// A dump's pod of the tier: the shipped client script run by the image's own sh, and `walguard agent dump` beside it.
import type { ChildProcess } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DUMP_DIR } from '../../../src/api/names.ts';
import { CLIENT_SCRIPT, PIPES } from '../../../src/companion/client-script.ts';
import { type AgentOptions, type Job, runJob } from './agent.ts';
import { POSTGRES_ID, type Pod } from './pod.ts';
import type { Postgres } from './postgres.ts';
import type { Store } from './store.ts';

export interface DumpOptions {
  readonly tool?: 'pg_dumpall' | 'pg_dump';
  readonly format?: 'gzip' | 'custom';
  readonly destination?: 'storage' | 'volume';
  readonly keepSeconds?: number;
  readonly timeoutSeconds?: number;
  readonly agent?: AgentOptions;
  /** Called with the client's process once the job has begun. */
  readonly during?: (client: ChildProcess) => Promise<void>;
}

/** The container of the image with the tools: the script that waits at fresh pipes for what it is to run. */
export function startClient(pod: Pod): ChildProcess {
  const directory = join(pod.directory, 'dump');
  for (const name of readdirSync(directory)) rmSync(join(directory, name));
  for (const name of PIPES) {
    execFileSync('mkfifo', ['-m', '0600', join(directory, name)]);
    chownSync(join(directory, name), POSTGRES_ID, POSTGRES_ID);
  }
  const path = `${pod.bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
  return pod.spawn('sh', ['-c', CLIENT_SCRIPT], { cwd: DUMP_DIR, env: { PATH: path } });
}

export async function runDumpJob(store: Store, postgres: Postgres, options: DumpOptions = {}): Promise<Job> {
  const { tool = 'pg_dumpall', format = 'gzip', destination = 'storage' } = options;
  const { pod } = postgres;
  const client = startClient(pod);
  const ended = once(client, 'exit');
  const env = {
    WALGUARD_INSTANCE: 'orders-0',
    WALGUARD_DUMP_TOOL: tool,
    WALGUARD_DUMP_FORMAT: format,
    WALGUARD_DUMP_DESTINATION: destination,
    WALGUARD_DUMP_KEEP_SECONDS: String(options.keepSeconds ?? 7 * 86_400),
    WALGUARD_TIMEOUT_SECONDS: String(options.timeoutSeconds ?? 120),
    ...options.agent?.env,
  };
  const [job] = await Promise.all([
    runJob('dump', store, postgres, { ...options.agent, env }),
    options.during?.(client),
  ]);
  // As the kubelet ends a native sidecar; by then it has mostly ended by itself.
  if (client.pid !== undefined && client.exitCode === null && client.signalCode === null)
    process.kill(-client.pid, 'SIGKILL');
  await ended;
  return job;
}

/** Names of files left in the pipes' directory that are no pipes and no errors: there should be none. */
export function listLeftovers({ pod }: Postgres): string[] {
  const known = new Set<string>([...PIPES, 'errors']);
  return readdirSync(join(pod.directory, 'dump')).filter((name) => !known.has(name));
}
