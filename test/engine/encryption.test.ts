// Client-side encryption with libsodium: nothing in the store is in clear, only the right key reads it, and a wrong one is a
// failure (255) and not a missing segment.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { makeSegment, segmentName, startArchive } from './support/archive.ts';
import { engineTest } from './support/engine-world.ts';

const SEGMENT = segmentName(1);
const KEY = { WALG_LIBSODIUM_KEY: '11'.repeat(32), WALG_LIBSODIUM_KEY_TRANSFORM: 'hex' };
const OTHER = { ...KEY, WALG_LIBSODIUM_KEY: '22'.repeat(32) };

engineTest('libsodium: the right key reads it; none and a wrong one give 255 and no file', async (context, engine) => {
  const archive = await startArchive(context, engine);
  await archive.restart(KEY);
  const content = makeSegment();
  content.write('a row that must not be read', 4096);
  await archive.make(SEGMENT, content);
  assert.equal((await archive.push(SEGMENT)).code, 0, archive.log());
  const [key = ''] = await archive.store.list();
  const stored = await readFile(archive.store.fileOf(key));
  assert.ok(!stored.includes('a row that must not be read'));
  assert.ok((await archive.fetch(SEGMENT)).content?.equals(content));
  for (const wrong of [OTHER, {}]) {
    await archive.restart(wrong);
    const { code, content: fetched } = await archive.fetch(SEGMENT);
    assert.equal(code, 255);
    assert.equal(fetched, undefined);
    // And another key never replaces what is there.
    const pushed = await archive.push(SEGMENT);
    assert.ok(pushed.code > 0 && pushed.code < 126);
  }
  await archive.restart(KEY);
  assert.ok((await archive.fetch(SEGMENT)).content?.equals(content));
});

engineTest('a key that is none stops the engine, instead of writing in clear', async (context, engine) => {
  const archive = await startArchive(context, engine);
  const path = await archive.make(SEGMENT);
  const { code } = await archive.engine(['wal-push', path], {
    WALG_LIBSODIUM_KEY: 'short',
    WALG_LIBSODIUM_KEY_TRANSFORM: 'hex',
  });
  assert.equal(code, 1);
  assert.deepEqual(await archive.store.list(), []);
});
