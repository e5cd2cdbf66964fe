// Law: an outage in the middle of a recovery stops Postgres; it never promotes early. When the store is back the same data
// directory recovers to the end. With the sidecar, its scripts and its gate as they ship.
import assert from 'node:assert/strict';
import {
  ARCHIVE_ARGUMENTS,
  adoptPostgres,
  clockOf,
  closeSegments,
  engineTest,
  type Fault,
  prefixOf,
  restoreInto,
  runJob,
  startPod,
  startProxy,
  startSidecar,
  startWorld,
  waitForArchived,
} from './support/engine-world.ts';

const BEFORE = 4;
const AFTER = 6;

for (const fault of ['refuse', 'throttled'] as const satisfies readonly Fault[]) {
  engineTest(
    `the store fails in the middle of a recovery (${fault}): Postgres stops, and later has every row`,
    async (context, engine) => {
      const world = await startWorld(context, { engine, postgres: { segmentMegabytes: 16 } });
      const { store, postgres } = world;
      const proxy = await startProxy(context, store);
      assert.equal((await runJob('base-backup', store, postgres)).code, 0);
      await closeSegments(postgres, BEFORE);
      await waitForArchived(postgres, (await closeSegments(postgres, AFTER)).at(-1));
      const target = await clockOf(postgres);
      await postgres.sql('insert into filler default values');
      await waitForArchived(postgres, (await closeSegments(postgres, 1)).at(-1));

      const pod = await startPod(context, { engine });
      const pgdata = await pod.makeDirectory('data');
      const restored = await restoreInto(world, pod, pgdata, await prefixOf(store, postgres), target);
      assert.equal(restored.code, 0, restored.stdout);
      // One segment at a time, so that the outage comes in the middle.
      const agent = { database: 'restored', endpoint: proxy.endpoint, env: { WALG_DOWNLOAD_CONCURRENCY: '1' } };
      const copy = await adoptPostgres(pod, pgdata, { args: ARCHIVE_ARGUMENTS });
      const sidecar = await startSidecar(context, store, copy, agent);
      const ended = copy.runToEnd((line) => {
        if (/restored log file "0+10+4"/.test(line)) proxy.set(fault);
      });
      const { code, stderr } = await ended;
      assert.equal(code, 1, stderr);
      assert.match(stderr, /FATAL: {2}could not restore file/);
      assert.doesNotMatch(stderr, /archive recovery complete|selected new timeline/);

      proxy.set('none');
      await copy.start();
      await sidecar.until('the recovery has ended', ({ inRecovery }) => inRecovery === false, 30_000);
      assert.equal(await copy.value('select count(*) from filler'), String(BEFORE + AFTER));
    },
  );
}
