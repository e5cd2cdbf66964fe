// Law: restore_command maps the engine's answer: 0 to 0, missing to 1, anything else to 255, through the daemon's client and
// whatever is wrong with the store. Postgres takes any other code below 126 for the end of the archive, and promotes.
import assert from 'node:assert/strict';
import { rename, truncate, writeFile } from 'node:fs/promises';
import { type Archive, type ArchiveOptions, makeSegment, segmentName, startArchive } from './support/archive.ts';
import { engineTest, type FaultyProxy, startProxy } from './support/engine-world.ts';

const FIRST = segmentName(1);
const OTHER = segmentName(2);

/** The forked engine's own codes, which walguard does not use: they differ. */
const MISSING_CODE = { walrus: 1, 'wal-g': 74 };

engineTest('push and fetch: 0, the same bytes, and a missing segment or history is 1', async (context, engine) => {
  const archive = await startArchive(context, engine);
  const content = makeSegment();
  await archive.make(FIRST, content);
  assert.equal((await archive.push(FIRST)).code, 0, archive.log());
  const fetched = await archive.fetch(FIRST);
  assert.equal(fetched.code, 0, fetched.stderr);
  assert.ok(fetched.content?.equals(content));
  for (const name of [OTHER, '00000002.history', `${FIRST}.00000028.backup`]) {
    const missing = await archive.fetch(name);
    assert.equal(missing.code, 1, `${name}: ${missing.stderr}`);
    assert.equal(missing.content, undefined, 'nothing is left where Postgres looks');
  }
});

engineTest(
  'forked, the engine itself: 0, missing has a code of its own or not, all else is 1',
  async (context, engine) => {
    const { make, engine: fork, pgdata } = await startArchive(context, engine);
    const path = await make(FIRST);
    const fetch = (name: string, changes = {}) =>
      fork(['wal-fetch', name, `${pgdata}/fetched`], { WALG_DOWNLOAD_CONCURRENCY: '1', ...changes });
    assert.equal((await fork(['wal-push', path])).code, 0);
    assert.equal((await fetch(FIRST)).code, 0);
    assert.equal((await fetch(OTHER)).code, MISSING_CODE[engine.id]);
    assert.equal((await fetch(FIRST, { AWS_SECRET_ACCESS_KEY: 'wrong' })).code, 1);
    assert.equal((await fork(['wal-push', `${pgdata}/pg_wal/${OTHER}`])).code, 1);
    assert.equal((await fork(['wal-push', path], { AWS_SECRET_ACCESS_KEY: 'wrong' })).code, 1);
  },
);

/** What is wrong with the store. The segment is in it before. */
const TROUBLES: Record<string, (archive: Archive, proxy: FaultyProxy) => unknown> = {
  'the store refuses connections': (_, proxy) => proxy.set('refuse'),
  'the store is not there': ({ store }) => store.stop(),
  'the store answers 503': (_, proxy) => proxy.set('unavailable'),
  'the store hangs': (_, proxy) => proxy.set('hang'),
  'the secret key is wrong': ({ restart }) => restart({ AWS_SECRET_ACCESS_KEY: 'wrong' }),
  'the access key is revoked': ({ restart }) => restart({ AWS_ACCESS_KEY_ID: 'nobody' }),
  'the daemon is dead': ({ kill }) => kill(),
};

const OPTIONS = (onProxy: (proxy: FaultyProxy) => void, context: Parameters<typeof startProxy>[0]): ArchiveOptions => ({
  clientTimeout: '3s',
  endpoint: async (store) => {
    const proxy = await startProxy(context, store);
    onProxy(proxy);
    return proxy.endpoint;
  },
});

for (const [trouble, cause] of Object.entries(TROUBLES)) {
  engineTest(
    `${trouble}: a push fails, a fetch of what is there and of what is not is 255`,
    async (context, engine) => {
      let proxy: FaultyProxy | undefined;
      const archive = await startArchive(
        context,
        engine,
        OPTIONS((made) => {
          proxy = made;
        }, context),
      );
      await archive.make(FIRST);
      assert.equal((await archive.push(FIRST)).code, 0, archive.log());
      assert.ok(proxy);
      await cause(archive, proxy);
      for (const name of [FIRST, OTHER]) assert.equal((await archive.fetch(name)).code, 255, name);
      await archive.make(OTHER);
      const pushed = await archive.push(OTHER);
      assert.ok(pushed.code > 0 && pushed.code < 126, `Postgres tries again after ${pushed.code}`);
    },
  );
}

engineTest(
  'a store that answers 503 to some requests: 255 for what it holds, 1 for what it does not',
  async (context, engine) => {
    let proxy: FaultyProxy | undefined;
    const archive = await startArchive(
      context,
      engine,
      OPTIONS((made) => {
        proxy = made;
      }, context),
    );
    await archive.make(FIRST);
    assert.equal((await archive.push(FIRST)).code, 0, archive.log());
    proxy?.set('throttled');
    assert.equal((await archive.fetch(FIRST)).code, 255);
    assert.equal((await archive.fetch(OTHER)).code, 1);
    proxy?.set('none');
    assert.equal((await archive.fetch(FIRST)).code, 0);
  },
);

engineTest('a bucket that is gone is no archive without the segment: 255', async (context, engine) => {
  const archive = await startArchive(context, engine);
  await archive.make(FIRST);
  assert.equal((await archive.push(FIRST)).code, 0);
  await rename(archive.store.directory, `${archive.store.directory}-gone`);
  assert.equal((await archive.fetch(FIRST)).code, 255);
});

for (const [damage, harm] of Object.entries({
  truncated: (file: string) => truncate(file, 1000),
  empty: (file: string) => truncate(file, 0),
  'something else': (file: string) => writeFile(file, 'no WAL at all'),
})) {
  engineTest(`an object that is ${damage}: 255, and nothing that Postgres would read`, async (context, engine) => {
    const archive = await startArchive(context, engine);
    await archive.make(FIRST);
    assert.equal((await archive.push(FIRST)).code, 0);
    const [key = ''] = await archive.store.list();
    await harm(archive.store.fileOf(key));
    const { code, content } = await archive.fetch(FIRST);
    assert.equal(code, 255);
    assert.equal(content, undefined);
  });
}
