// Retention on a real store: full and delta backups of simulated days, pruned to exactly what the policy says, and all that is
// kept is restored. A clean-up that is killed at any point leaves nothing that is listed and cannot be restored.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BaseBackupReport, PruneReport } from '../../src/api/reports.ts';
import type { PruneTerms } from '../../src/companion/prune.ts';
import { listSound } from '../../src/lib/retention/sound.ts';
import type { RetentionRules } from '../../src/lib/retention.ts';
import type { StoreContents } from '../../src/lib/store-contents.ts';
import { SEGMENT_BYTES } from '../../src/lib/wal-segment.ts';
import { withClient } from '../../src/tools/connection.ts';
import { tryBackupLock } from '../../src/tools/postgres.ts';
import { readStoreContents } from '../../src/tools/store-contents.ts';
import { repositoryDir } from '../cluster/checkout.ts';
import {
  agentEnv,
  engineEnv,
  engineTest,
  killTree,
  prefixOf,
  runJob,
  startWorld,
  type World,
} from './support/engine-world.ts';
import { countRestored, type DayOfBackup, daysAgo, liveDay, takeSnapshot } from './support/simulated-days.ts';

const DAY = 86_400;

/** Never due in the time of a test, and due last on New Year: the newest backup is younger. */
const YEARLY = '0 0 1 1 *';

function terms(rules: Partial<RetentionRules>, schedule = YEARLY): PruneTerms {
  return {
    rules: { minFullBackups: 1, timeZone: 'Etc/UTC', ...rules },
    baseBackup: { schedule, timeZone: 'Etc/UTC', deltaSteps: 0 },
  };
}

function retention(given: PruneTerms): NodeJS.ProcessEnv {
  return { WALGUARD_RETENTION: JSON.stringify(given) };
}

async function prune({ store, postgres }: World, given: PruneTerms, env: NodeJS.ProcessEnv = {}) {
  const job = await runJob('prune', store, postgres, { env: { ...retention(given), ...env } });
  return { ...job, report: job.report as unknown as PruneReport };
}

async function look({ store, postgres, pod }: World): Promise<StoreContents> {
  return readStoreContents(pod.engine, await engineEnv(store, postgres), SEGMENT_BYTES);
}

const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name).sort();

/** Weeks begin on Mondays, as 1 January 2024 did. */
function weekOf(day: DayOfBackup): number {
  return Math.floor((daysAgo(day.daysAgo).getTime() - Date.UTC(2024, 0, 1)) / (7 * DAY * 1000));
}

/** A window of two days, four days and three weeks, by hand: which days have a backup that stays. */
function expectKept(days: readonly DayOfBackup[]): Set<number> {
  const newestOfWeek = new Map(days.map((day) => [weekOf(day), day.daysAgo]));
  const kept = new Set([
    3,
    1,
    0,
    /* the fourth day */ 4,
    /* its full one */ 5,
    ...[...newestOfWeek.values()].slice(-3),
  ]);
  // The delta of day 16 builds on day 17.
  if (kept.has(16)) kept.add(17);
  return kept;
}

const RULES = { recoveryWindowSeconds: 2 * DAY, keepDaily: 4, keepWeekly: 3 };

/** On whichever day of the week this runs, the first three go and a weekly one stays. */
const STORY = [
  [24, 'full'],
  [23, 'delta'],
  [22, 'delta'],
  [17, 'full'],
  [16, 'delta'],
  [9, 'full'],
  [5, 'full'],
  [4, 'delta'],
  [3, 'full'],
  [1, 'delta'],
  [0, 'full'],
] as const;

engineTest('pruned to exactly the policy, killed or not, and all that is kept is restored', async (context, engine) => {
  const world = await startWorld(context, { engine });
  const days: DayOfBackup[] = [];
  for (const [day, kind] of STORY) days.push(await liveDay(world, day, kind));
  const kept = days.filter((day) => expectKept(days).has(day.daysAgo));
  const before = await look(world);
  assert.deepEqual(names(before.backups), names(days));
  const snapshot = await takeSnapshot(context, world.store);

  const { code, report, stdout } = await prune(world, terms(RULES));
  assert.equal(code, 0, stdout);
  assert.ok(report.ok && 'prune' in report, stdout);
  assert.deepEqual([report.prune.kept, report.prune.removed], [kept.length, days.length - kept.length]);
  const after = await look(world);
  assert.deepEqual(names(after.backups), names(kept));
  assert.deepEqual(names(after.segments), listExpectedWal(before, kept));
  const left = await world.store.list();
  assertNoPartsOf(
    left,
    days.filter((day) => !kept.includes(day)),
  );

  for (const [point, isReached] of Object.entries(POINTS)) {
    await snapshot.putBack();
    await killWhen(world, terms(RULES), (keys) => isReached(keys, days.length));
    assert.notDeepEqual(await world.store.list(), left, `${point}: it was killed before its end`);
    const broken = await look(world);
    assert.deepEqual(names(listSound(broken)), names(broken.backups), `${point}: all that is listed is whole`);
    for (const { name } of kept) assert.ok(names(broken.backups).includes(name), `${point}: ${name} is there`);
    const again = await prune(world, terms(RULES));
    assert.equal(again.code, 0, again.stdout);
    assert.deepEqual(await world.store.list(), left, `${point}: the next one finishes`);
  }

  const base = kept.find((day) => day.daysAgo === 3)?.name ?? '';
  await inTurns([
    ...kept.map(({ name, rows }) => async () => {
      assert.equal(await countRestored(context, world, name, 'immediate'), rows, name);
    }),
    ...kept
      .filter((day) => day.daysAgo <= 3)
      .map(({ target, rowsAtTarget }) => async () => {
        assert.equal(await countRestored(context, world, base, { time: target }), rowsAtTarget, target);
      }),
  ]);
});

/** A few at a time: most of a restore is waiting. */
async function inTurns(works: readonly (() => Promise<void>)[]): Promise<void> {
  const waiting = works.values();
  const turn = async () => {
    for (const work of waiting) await work();
  };
  await Promise.all([turn(), turn(), turn()]);
}

/** All from the window's base on, and what each older one needs itself. */
function listExpectedWal({ backups, segments }: StoreContents, kept: readonly DayOfBackup[]): string[] {
  const stays = backups.filter(({ name }) => names(kept).includes(name));
  const base = backups.find(({ name }) => name === kept.find((day) => day.daysAgo === 3)?.name)?.startSegment ?? '';
  return names(segments).filter(
    (name) =>
      name >= base || stays.some(({ startSegment, finishSegment }) => startSegment <= name && name <= finishSegment),
  );
}

function assertNoPartsOf(keys: readonly string[], removed: readonly DayOfBackup[]): void {
  for (const { name } of removed)
    assert.deepEqual(
      keys.filter((key) => key.includes(`/${name}/`) || key.includes(`/${name}_backup`)),
      [],
    );
}

const count = (keys: readonly string[], pattern: RegExp) => keys.filter((key) => pattern.test(key)).length;

/** By what is left in the store. */
const POINTS: Readonly<Record<string, (keys: readonly string[], backups: number) => boolean>> = {
  'after the first sentinel': (keys, backups) => count(keys, /_sentinel\.json$/) < backups,
  'among the parts': (keys, backups) => count(keys, /pg_control\.tar/) < backups,
  'among the WAL': (keys) => count(keys, /wal_005\/0+10+1\b/) === 0,
};

/** SIGKILL for the job and its engines as soon as the store looks like it. */
async function killWhen(
  { store, postgres, pod }: World,
  given: PruneTerms,
  isReached: (keys: readonly string[]) => boolean,
): Promise<void> {
  const env = {
    ...agentEnv(store, postgres),
    HOME: '/tmp',
    WALGUARD_TIMEOUT_SECONDS: '60',
    ...retention(given),
  };
  const job = pod.spawn(process.execPath, [join(repositoryDir, 'src', 'main.ts'), 'agent', 'prune'], { env });
  job.stdout?.resume();
  job.stderr?.resume();
  const ended = once(job, 'exit');
  while (job.exitCode === null && !isReached(await store.list())) await sleep(1);
  await killTree(job);
  await ended;
}

engineTest('removes nothing while it is not sure, and cleans up what was broken off', async (context, engine) => {
  const world = await startWorld(context, { engine });
  const { store, postgres } = world;
  await liveDay(world, 3, 'full');
  await liveDay(world, 2, 'full');
  await liveDay(world, 1, 'full');
  const all = await store.list();
  const one = terms({ keepFull: 1 });

  const unpromised = await runJob('prune', store, postgres);
  assert.match(String(unpromised.report.message), /no retention; nothing was removed/);

  const hourAgo = new Date(Date.now() - 3_600_000);
  const failed = await prune(world, terms(one.rules, `${hourAgo.getUTCMinutes()} ${hourAgo.getUTCHours()} * * *`));
  assert.equal(failed.code, 0, failed.stdout);
  assert.match(
    failed.report.ok && 'skipped' in failed.report ? failed.report.skipped : '',
    /^the base backup that was due at .* was not made; nothing was removed$/,
  );

  await withClient(postgres.connection, async (client) => {
    assert.ok(await tryBackupLock(client));
    const busy = await prune(world, one, { WALGUARD_TIMEOUT_SECONDS: '2' });
    assert.equal(busy.code, 1);
    assert.match(messageOf(busy), /a base backup ran, or was due, .* nothing was removed/);
  });

  await store.stop();
  const unreachable = await prune(world, one);
  assert.equal(unreachable.code, 1, unreachable.stdout);
  await store.start();
  assert.deepEqual(await store.list(), all);

  const prefix = (await prefixOf(store, postgres)).replace(`${store.prefix}/`, '');
  const old = await leave(
    world,
    `${prefix}/basebackups_005/base_0000000100000000000000F0/tar_partitions/part_001.tar.lz4`,
    2,
  );
  const young = await leave(
    world,
    `${prefix}/basebackups_005/base_0000000100000000000000F1/tar_partitions/part_001.tar.lz4`,
    0,
  );
  const lost = await leave(world, `${prefix}/basebackups_005/base_0000000100000000000000F2/metadata.json`, 1.5);
  const made = await runJob('base-backup', store, postgres, { env: { ...retention(one), WALGUARD_FULL: 'true' } });
  const report = made.report as unknown as BaseBackupReport;
  assert.ok(report.ok && 'backup' in report, JSON.stringify(report));
  assert.ok(report.prune?.ok, JSON.stringify(report));
  assert.deepEqual([report.prune.kept, report.prune.removed], [1, 3]);
  assert.deepEqual(names((await look(world)).backups), [report.backup.name]);
  const keys = await store.list();
  assert.deepEqual(
    [old, young, lost].map((key) => keys.includes(key)),
    [false, true, false],
  );
  await refuseInDoubt(world, prefix, one);
});

/** Here the store's clock is set back: to a job that is the same as its own running ahead. */
async function refuseInDoubt(world: World, prefix: string, given: PruneTerms): Promise<void> {
  const { store, sidecar } = world;
  // It writes each minute what tells the time.
  await sidecar.stop('term');
  const history = `${prefix}/wal_005/00000002.history`;
  await leave(world, history, 0, '1\t0/3000028\tno recovery target specified\n');
  const all = await store.list();
  const stale = await prune(world, given);
  assert.match(messageOf(stale), /^nothing was removed: the store has timeline 2, this server writes timeline 1/);

  for (const key of all) {
    const file = store.fileOf(key);
    const { mtimeMs } = await stat(file);
    await utimes(file, mtimeMs / 1000 - 3600, mtimeMs / 1000 - 3600);
  }
  const ahead = await prune(world, given);
  assert.match(messageOf(ahead), /^nothing was removed: it is .* by the clock of this node/);
  assert.deepEqual([stale.code, ahead.code, await store.list()], [1, 1, all]);
}

function messageOf({ report }: { readonly report: PruneReport }): string {
  return 'message' in report ? report.message : '';
}

/** An object as a backup leaves it that was broken off so many days ago. */
async function leave({ store }: World, key: string, days: number, text = 'x'): Promise<string> {
  const file = store.fileOf(key);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  const time = new Date(Date.now() - days * DAY * 1000);
  await utimes(file, time, time);
  return key;
}
