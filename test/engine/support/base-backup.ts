// Calls of the base-backup job for its tests, and what they look at.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Backup } from '../../../src/api/protected-database.ts';
import { repositoryDir } from '../../cluster/checkout.ts';
import { until } from '../../support/processes.ts';
import {
  type AgentOptions,
  agentEnv,
  clockOf,
  closeSegments,
  type Job,
  mountCredentials,
  prefixOf,
  restoreTo,
  runJob,
  type World,
  waitForArchived,
} from './engine-world.ts';

/** Slow enough to be met in the middle: an empty cluster is 4 MB, compressed. */
export const SLOW = { WALG_NETWORK_RATE_LIMIT: '1000000' };

export function take(
  { store, postgres }: Pick<World, 'store' | 'postgres'>,
  env: NodeJS.ProcessEnv = {},
): Promise<Job> {
  return runJob('base-backup', store, postgres, { env: { HOME: '/tmp', WALGUARD_JOB: 'a-job', ...env } });
}

export function throughSidecar({ sidecar }: Pick<World, 'sidecar'>, job = 'a-job'): NodeJS.ProcessEnv {
  return {
    WALGUARD_METHOD: 'sidecar',
    WALGUARD_SIDECAR_PORT: String(sidecar.port),
    WALGUARD_INSTANCE: 'orders-0',
    WALGUARD_JOB: job,
    WALGUARD_JOB_UID: uidOf(job),
  };
}

/** As Kubernetes would give one: the same for each try of a Job. */
export function uidOf(job: string): string {
  const hex = Buffer.from(job).toString('hex').padEnd(32, '0');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}

export function backupOf({ code, report, stdout, stderr }: Job): Backup {
  assert.equal(code, 0, `${JSON.stringify(report)}\n${stdout}${stderr}`);
  return report.backup as Backup;
}

export function assertFailed({ code, report }: Job, message: RegExp): void {
  assert.deepEqual([code, report.ok], [1, false], JSON.stringify(report));
  assert.match(String(report.message), message);
}

/** Names of finished backups, oldest first. */
export async function listStored({ store, postgres }: Pick<World, 'store' | 'postgres'>): Promise<string[]> {
  const keys = await store.list(`${await prefixOf(store, postgres)}/basebackups_005`);
  return keys.flatMap((key) => /([^/]+)_backup_stop_sentinel\.json$/.exec(key)?.[1] ?? []);
}

/** The job in the background, with the process that it is. */
export async function startJob({ store, postgres }: World, env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  await mountCredentials(postgres.pod, store.credentials);
  const options: AgentOptions = { env: { HOME: '/tmp', WALGUARD_TIMEOUT_SECONDS: '60', ...env } };
  const main = join(repositoryDir, 'src', 'main.ts');
  return postgres.pod.spawn(process.execPath, [main, 'agent', 'base-backup'], {
    env: agentEnv(store, postgres, options),
  });
}

/** Processes of the engine that make a base backup of this data directory. */
export function listPushes({ postgres }: Pick<World, 'postgres'>): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return words.includes('backup-push') && words.includes(postgres.pgdata);
      } catch {
        return false;
      }
    });
}

export function untilPushing(world: World): Promise<void> {
  return until('the engine makes a base backup', () => listPushes(world).length > 0, 30_000);
}

export async function rowsAfterRestore(context: TestContext, world: World): Promise<string> {
  await waitForArchived(world.postgres, (await closeSegments(world.postgres, 2)).at(-1));
  const target = await clockOf(world.postgres);
  await waitForArchived(world.postgres, (await closeSegments(world.postgres, 1)).at(-1));
  const { postgres } = await restoreTo(context, world, target);
  return postgres.value('select count(*) from filler');
}
