// Days of a database's life within seconds: backups and WAL are real, and what the store notes of their times is set back.
import { execFile } from 'node:child_process';
import { readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { makeTempDir } from '../../support/temp.ts';
import {
  adoptPostgres,
  clockOf,
  closeSegments,
  engineEnv,
  type Pod,
  type Postgres,
  runEngine,
  runJob,
  type Store,
  startPod,
  type World,
  waitForArchived,
} from './engine-world.ts';

const DAY = 86_400_000;

/** Noon of the day so many days ago, UTC. */
export function daysAgo(days: number): Date {
  return new Date(Math.floor(Date.now() / DAY) * DAY + DAY / 2 - days * DAY);
}

export interface DayOfBackup {
  readonly daysAgo: number;
  readonly kind: 'full' | 'delta';
  readonly name: string;
  /** Rows of table filler that were there when the backup began. */
  readonly rows: number;
  /** The server's own clock after more of that day's rows, and how many there were then: a target of recovery. */
  readonly target: string;
  readonly rowsAtTarget: number;
}

/**
 * Lives one day: rows, a base backup by the agent's own job, more rows, all of it archived; then the store is told that this was
 * so many days ago. Of today (0) nothing is set back.
 */
export async function liveDay(world: World, day: number, kind: 'full' | 'delta'): Promise<DayOfBackup> {
  const { store, postgres } = world;
  const before = new Set(await store.list());
  await closeSegments(postgres, 2);
  const rows = await countRows(postgres);
  const env = kind === 'full' ? { WALGUARD_FULL: 'true' } : { WALGUARD_DELTA_STEPS: '5' };
  const { code, report, stdout } = await runJob('base-backup', store, postgres, { env });
  const { name } = (report.backup ?? {}) as { name?: string };
  if (code !== 0 || name === undefined) throw new Error(`the base backup ended with ${code}:\n${stdout}`);
  if (name.includes('_D_') !== (kind === 'delta')) throw new Error(`${name} is no ${kind} backup:\n${stdout}`);
  await closeSegments(postgres, 1);
  const rowsAtTarget = await countRows(postgres);
  const target = await clockOf(postgres);
  await waitForArchived(postgres, (await closeSegments(postgres, 2)).at(-1));
  if (day > 0) await setBack(store, before, daysAgo(day), name);
  return { daysAgo: day, kind, name, rows, target, rowsAtTarget };
}

async function countRows(postgres: Postgres): Promise<number> {
  return Number(await postgres.value('select count(*) from filler'));
}

/** What was stored before the backup began is an hour older than it. */
async function setBack(store: Store, before: ReadonlySet<string>, day: Date, backup: string): Promise<void> {
  const fresh = (await store.list()).filter((key) => !before.has(key) && !key.includes('/walguard/'));
  for (const key of fresh) {
    const file = store.fileOf(key);
    if (key.endsWith('_backup_stop_sentinel.json')) await setSentinelBack(file, day);
    const segment = /wal_005\/([0-9A-F]{24})/.exec(key)?.[1];
    const isBefore = segment !== undefined && segment < backup.slice('base_'.length, 29);
    const time = isBefore ? new Date(day.getTime() - 3_600_000) : day;
    await utimes(file, time, time);
  }
}

/** As text: an LSN or a system identifier may exceed what a number holds. Written over, so that the store's own notes stay. */
async function setSentinelBack(file: string, day: Date): Promise<void> {
  const text = await readFile(file, 'utf8');
  const begun = new Date(day.getTime() - 60_000).toISOString();
  const changed = text
    .replace(/"StartTime":\s*"[^"]*"/, `"StartTime":"${begun}"`)
    .replace(/"FinishTime":\s*"[^"]*"/, `"FinishTime":"${day.toISOString()}"`);
  if (changed === text) throw new Error(`${file} has no times`);
  await writeFile(file, changed);
}

/** Fetches that very backup into a pod of its own, replays to the target and counts. @returns rows of table filler */
export async function countRestored(
  context: TestContext,
  world: World,
  backup: string,
  target: 'immediate' | { readonly time: string },
): Promise<number> {
  const { store, postgres } = world;
  const { engine, major } = world.pod;
  const pod = await startPod(context, { engine, major });
  const pgdata = await pod.makeDirectory('data');
  const env = await engineEnv(store, postgres);
  const fetched = await runEngine(pod, engine.backupFetchArgs(pgdata, backup), { ...env, PGDATA: pgdata });
  if (fetched.code !== 0) throw new Error(`${backup} cannot be fetched: ${fetched.stderr}`);
  await writeFile(join(pgdata, 'recovery.signal'), '');
  const restored = await adoptPostgres(pod, pgdata, {
    settings: {
      restore_command: await writeFetch(pod, env),
      recovery_target_action: 'promote',
      ...(target === 'immediate'
        ? { recovery_target: 'immediate' }
        : { recovery_target_time: target.time.replace('T', ' ').replace('Z', '+00') }),
    },
  });
  await restored.start();
  while ((await restored.value('select pg_is_in_recovery()')) === 'true') await sleep(50);
  const rows = await countRows(restored);
  await restored.stop('immediate');
  return rows;
}

async function writeFetch(pod: Pod, env: NodeJS.ProcessEnv): Promise<string> {
  const script = join(pod.directory, 'fetch.sh');
  const exports = Object.entries(env).map(([name, value]) => `export ${name}='${value}'`);
  await writeFile(script, `${exports.join('\n')}\nexec /usr/local/bin/${pod.engine.id} wal-fetch "$1" "$2"\n`);
  return `sh ${script} %f %p`;
}

export interface Snapshot {
  readonly putBack: () => Promise<void>;
}

/** Of all objects with their times, and with the store's notes, which are attributes of the files. */
export async function takeSnapshot(context: TestContext, { directory }: Store): Promise<Snapshot> {
  const kept = await makeTempDir(context);
  await copy(directory, kept);
  return { putBack: () => copy(kept, directory) };
}

async function copy(from: string, to: string): Promise<void> {
  await promisify(execFile)('sh', ['-ec', 'find "$2" -mindepth 1 -delete; cp -a "$1/." "$2"', 'sh', from, to]);
}
