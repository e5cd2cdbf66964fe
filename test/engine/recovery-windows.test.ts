// The recovery windows that a verification tells are true: restored at their edges, and refused beyond them.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RecoveryWindow } from '../../src/api/protected-database.ts';
import {
  ARCHIVE_ARGUMENTS,
  adoptPostgres,
  closeSegments,
  engineTest,
  prefixOf,
  restoreInto,
  startPod,
  startSidecar,
  type World,
  waitForArchived,
} from './support/engine-world.ts';
import { codes, runVerify, shape, tellStory, verify, without } from './support/story.ts';

/** How many rows come back, or why it is refused. */
async function tryRestore(context: TestContext, world: World, target: string): Promise<number | string> {
  const pod = await startPod(context, { engine: world.pod.engine });
  const pgdata = await pod.makeDirectory('data');
  const job = await restoreInto(world, pod, pgdata, await prefixOf(world.store, world.postgres), target);
  if (job.code !== 0) return String(job.report.message);
  const postgres = await adoptPostgres(pod, pgdata, { args: ARCHIVE_ARGUMENTS });
  const sidecar = await startSidecar(context, world.store, postgres, { database: 'restored' });
  await postgres.start().catch(() => undefined);
  const isRecovering = () => postgres.value('select pg_is_in_recovery()').catch(() => 'true');
  while (postgres.isRunning() && (await isRecovering()) !== 'false') await sleep(50);
  assert.ok(postgres.isRunning(), `it stopped on its way to ${target}: ${postgres.log().slice(-2000)}`);
  const rows = Number(await postgres.value('select count(*) from filler'));
  await sidecar.stop('kill');
  await postgres.stop('immediate');
  return rows;
}

const later = (time: string | undefined, ms: number) => new Date(Date.parse(time ?? '') + ms).toISOString();

engineTest('what the windows say is true: restored at every edge, and not beyond one', async (context, engine) => {
  const { world, between, segmentFile } = await tellStory(context, engine);
  const rowsUpTo = async (time: string | undefined) =>
    Number(await world.postgres.value(`select count(*) from filler where at <= '${time}'`));
  await without(await segmentFile(between[2]), async () => {
    const { inventory } = await verify(world);
    const [before, behind] = inventory.recoveryWindows as [RecoveryWindow, RecoveryWindow];
    assert.ok(before.to !== undefined && behind.to === undefined);
    const lost = await world.postgres.value(
      `select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') from filler where id = 4`,
    );
    assert.ok(before.to < lost, 'what was in the missing segment is in no window');
    for (const target of [before.from, before.to, behind.from]) {
      const rows = await tryRestore(context, world, target);
      assert.ok(typeof rows === 'number' && Math.abs(rows - (await rowsUpTo(target))) <= 1, `${target}: ${rows}`);
    }
    const refused = /WAL is missing after .*What can be restored: from .* to .*, from .* on/;
    for (const target of [later(before.to, 5), later(behind.from, -1)])
      assert.match(String(await tryRestore(context, world, target)), refused);
  });
});

engineTest(
  'after a promotion the window goes on over both timelines, for as long as the history is there; a standby is not asked',
  async (context, engine) => {
    const { world } = await tellStory(context, engine);
    const { postgres } = world;
    const restart = async (signal: string) => {
      await postgres.stop();
      await writeFile(join(postgres.pgdata, signal), '');
      await writeFile(join(postgres.pgdata, 'postgresql.auto.conf'), "restore_command = '/bin/false'\n");
      await postgres.start();
    };
    await restart('recovery.signal');
    while ((await postgres.value('select pg_is_in_recovery()')) !== 'false') await sleep(50);
    const newer = await closeSegments(postgres, 2);
    await waitForArchived(postgres, newer.at(-1));
    assert.match(newer[0] ?? '', /^00000002/);
    const promoted = await verify(world);
    assert.deepEqual([codes(promoted), shape(promoted)], [[], [['open', 2]]], JSON.stringify(promoted.findings));

    const [history = ''] = (await world.store.list()).filter((key) => key.includes('00000002.history'));
    await without(world.store.fileOf(history), async () => {
      assert.deepEqual(codes(await verify(world)), ['history-missing']);
    });
    await restart('standby.signal');
    const { report, code } = await runVerify(world);
    assert.deepEqual([report, code], [{ ok: true, skipped: 'standby' }, 0]);
  },
);
