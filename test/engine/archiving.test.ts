// Archiving under trouble: the store goes, the daemon and the sidecar are killed, pushes hang. Rows are counted after a restore.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { withClient } from '../../src/tools/connection.ts';
import {
  clockOf,
  closeSegments,
  engineTest,
  type Postgres,
  restoreTo,
  runJob,
  startProxy,
  startSidecar,
  startStore,
  startWorld,
  type World,
  waitForArchived,
} from './support/engine-world.ts';

interface Load {
  /** Ends it; the number of transactions that Postgres said were committed. */
  readonly stop: () => Promise<number>;
}

/** One row of about 8 kB a transaction, as fast as they are committed; each counts once it is acknowledged. */
async function startLoad(postgres: Postgres): Promise<Load> {
  await postgres.sql('create table load (id bigserial, pad text)');
  await postgres.sql('alter table load alter pad set storage external');
  let isOver = false;
  let committed = 0;
  const done = withClient(postgres.connection, async (client) => {
    while (!isOver) {
      await client.query(
        "insert into load (pad) select string_agg(md5(random()::text), '') from generate_series(1, 250)",
      );
      committed++;
      await sleep(2);
    }
  });
  return {
    stop: async () => {
      isOver = true;
      await done;
      return committed;
    },
  };
}

/** By its environment: other tests may run daemons too. */
function findDaemon({ pgdata }: Postgres): number | undefined {
  const read = (pid: string, file: string) => readFileSync(`/proc/${pid}/${file}`, 'utf8');
  const isOurs = (pid: string) => {
    try {
      return /daemon.*archive\.sock/.test(read(pid, 'cmdline')) && read(pid, 'environ').includes(`PGDATA=${pgdata}\0`);
    } catch {
      return false;
    }
  };
  const found = readdirSync('/proc').find((name) => /^\d+$/.test(name) && isOurs(name));
  return found === undefined ? undefined : Number(found);
}

/** The one that was seen: at a second look nothing may be readable of a process that is just taking on its program. */
async function signalDaemon(postgres: Postgres, signal: NodeJS.Signals): Promise<number> {
  for (let tries = 0; tries < 1000; tries++) {
    const pid = findDaemon(postgres);
    if (pid !== undefined) {
      process.kill(pid, signal);
      return pid;
    }
    await sleep(10);
  }
  return assert.fail('no daemon runs');
}

/** The last moment of which the archive must know, with a commit after it; its segment is closed and archived. */
async function closeBooks(postgres: Postgres, timeoutMs = 60_000): Promise<string> {
  const target = await clockOf(postgres);
  await waitForArchived(postgres, (await closeSegments(postgres, 1)).at(-1), timeoutMs);
  return target;
}

async function assertRows(context: TestContext, world: World, target: string, committed: number): Promise<void> {
  const restored = await restoreTo(context, world, target);
  assert.equal(Number(await restored.postgres.value('select count(*) from load')), committed);
}

const MB = 1024 * 1024;
const SMALL = { segmentMegabytes: 1 };

engineTest(
  'the store is away, and back: nothing committed is missing, and the backlog is told',
  async (context, engine) => {
    const world = await startWorld(context, { engine, postgres: SMALL });
    const { store, postgres, sidecar } = world;
    assert.equal((await runJob('base-backup', store, postgres)).code, 0);
    const load = await startLoad(postgres);
    await store.stop();
    const away = Date.now();
    const grown = await sidecar.until(
      'the growth is told',
      ({ archiver }) => archiver?.secondsToFull !== undefined,
      90_000,
    );
    const { waiting = 0, waitingSince = '', walBytes = 0, volumeBytes = 0, volumeFreeBytes = 0 } = grown.archiver ?? {};
    assert.ok(waiting > 10 && walBytes >= waiting * MB, JSON.stringify(grown.archiver));
    assert.ok(volumeBytes > volumeFreeBytes && volumeFreeBytes > 0);
    assert.ok(Math.abs(Date.parse(waitingSince) - away) < 10_000, `${waitingSince} is not when the store went`);
    const metrics = await sidecar.metrics();
    assert.match(metrics, /^walguard_wal_waiting_segments [1-9]\d+$/m);
    assert.match(metrics, /^walguard_wal_seconds_to_full \d+$/m);
    await store.start();
    await sidecar.until('the backlog is gone', ({ archiver }) => (archiver?.waiting ?? 99) < 3, 90_000);
    const committed = await load.stop();
    context.diagnostic(`${committed} rows, ${waiting} segments waited`);
    await assertRows(context, world, await closeBooks(postgres), committed);
  },
);

engineTest(
  'daemon and sidecar are killed in the middle of pushes: nothing committed is missing',
  async (context, engine) => {
    const world = await startWorld(context, { engine, postgres: SMALL });
    const { store, postgres } = world;
    assert.equal((await runJob('base-backup', store, postgres)).code, 0);
    const load = await startLoad(postgres);
    let { sidecar } = world;
    for (let round = 0; round < 4; round++) {
      await sleep(300 + 150 * round);
      await signalDaemon(postgres, 'SIGKILL');
      await sleep(300 + 150 * round);
      await sidecar.stop('kill');
      sidecar = await startSidecar(context, store, postgres);
    }
    const committed = await load.stop();
    context.diagnostic(`${committed} rows, 4 daemons and 4 sidecars killed`);
    await assertRows(context, { ...world, sidecar }, await closeBooks(postgres), committed);
  },
);

engineTest('a daemon that stands still is ended, and archiving goes on', async (context, engine) => {
  const { postgres, sidecar } = await startWorld(context, { engine, postgres: SMALL });
  await waitForArchived(postgres, (await closeSegments(postgres, 1)).at(-1));
  const stopped = await signalDaemon(postgres, 'SIGSTOP');
  const [segment] = await closeSegments(postgres, 1);
  await waitForArchived(postgres, segment, 70_000);
  assert.notEqual(findDaemon(postgres), stopped);
  assert.match(sidecar.log(), /did not answer 3 checks in a row/);
});

engineTest(
  'a store that accepts and never answers: the push ends, and the next one is made when it answers again',
  async (context, engine) => {
    const hung = await startHungWorld(context, engine);
    const { postgres, proxy } = hung;
    proxy.set('hang');
    const [segment = ''] = await closeSegments(postgres, 1);
    const begun = Date.now();
    const failed = async () => Number(await postgres.value('select failed_count from pg_stat_archiver'));
    while ((await failed()) === 0 && Date.now() - begun < 90_000) await sleep(250);
    const seconds = (Date.now() - begun) / 1000;
    assert.ok(seconds < 65, `archive_command took ${seconds} s`);
    proxy.set('none');
    await waitForArchived(postgres, segment, 240_000);
    context.diagnostic(
      `the push ended after ${seconds.toFixed(0)} s; archived ${((Date.now() - begun) / 1000 - seconds).toFixed(0)} s after the store answered again`,
    );
  },
);

async function startHungWorld(context: TestContext, engine: World['pod']['engine']) {
  const front = await startStore(context);
  const proxy = await startProxy(context, front);
  const world = await startWorld(context, { engine, postgres: SMALL, agent: { endpoint: proxy.endpoint } });
  return { ...world, store: front, proxy };
}
