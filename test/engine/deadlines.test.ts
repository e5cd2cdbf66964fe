// Law: every engine call has a deadline and dies with its whole process group; how long each gives up by itself is measured.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { run } from '../../src/tools/exec.ts';
import { segmentName, startArchive } from './support/archive.ts';
import { engineTest, type Fault, type FaultyProxy, startProxy } from './support/engine-world.ts';

const SEGMENT = segmentName(1);

/** With walguard's own retries. Generous: the machine may be busy. Hanging is ended by deadlines only. */
const GIVES_UP_SECONDS = 30;

for (const fault of ['refuse', 'unavailable'] satisfies Fault[]) {
  engineTest(
    `a store that is down (${fault}): each command gives up within ${GIVES_UP_SECONDS} s by itself`,
    async (context, engine) => {
      let proxy: FaultyProxy | undefined;
      const archive = await startArchive(context, engine, {
        endpoint: async (store) => {
          proxy = await startProxy(context, store);
          return proxy.endpoint;
        },
      });
      const path = await archive.make(SEGMENT);
      proxy?.set(fault);
      const commands = [
        ['wal-push', path],
        ['wal-fetch', SEGMENT, `${archive.pgdata}/fetched`],
        engine.backupListArgs,
        ['st', 'ls'],
        ['st', 'check', 'read'],
        ['st', 'check', 'write'],
      ];
      for (const command of commands) {
        const startedAt = Date.now();
        const { code } = await archive.engine(command, { WALG_DOWNLOAD_CONCURRENCY: '1' });
        const seconds = (Date.now() - startedAt) / 1000;
        assert.equal(code, 1, command.join(' '));
        assert.ok(seconds < GIVES_UP_SECONDS, `${command.join(' ')} took ${seconds} s`);
        context.diagnostic(`${engine.id} ${command[0]} ${fault}: ${seconds.toFixed(1)} s`);
      }
    },
  );
}

engineTest('a store that hangs: the deadline ends the engine and all that it started', async (context, engine) => {
  let proxy: FaultyProxy | undefined;
  const archive = await startArchive(context, engine, {
    clientTimeout: '2s',
    endpoint: async (store) => {
      proxy = await startProxy(context, store);
      return proxy.endpoint;
    },
  });
  const path = await archive.make(SEGMENT);
  proxy?.set('hang');
  for (const command of [
    ['wal-push', path],
    ['wal-fetch', SEGMENT, `${archive.pgdata}/fetched`],
    [...engine.backupListArgs],
  ]) {
    const mark = { ...archive.env, WALGUARD_TEST_MARK: archive.pgdata };
    const startedAt = Date.now();
    const { timedOut } = await run(engine.binary, command, { env: mark, timeoutMs: 1000 });
    assert.equal(timedOut, true, command.join(' '));
    assert.ok(Date.now() - startedAt < 7500, 'SIGTERM, and SIGKILL after 5 s');
    assert.deepEqual(listMarked(archive.pgdata), [], command.join(' '));
  }
  // The client has a deadline of its own.
  const startedAt = Date.now();
  assert.notEqual((await archive.push(SEGMENT)).code, 0);
  assert.ok(Date.now() - startedAt < 6000);
});

/** Processes with the test's mark in their environment. */
function listMarked(mark: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`WALGUARD_TEST_MARK=${mark}`);
    } catch {
      return false; // it ended
    }
  });
}
