// The owner record in the store, by an engine that is a script over plain files.
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { AgentContext } from '../../src/agent/context.ts';
import { assertOwner, readInstallation, readOwner, writeOwner } from '../../src/agent/owner.ts';
import type { OwnerRecord } from '../../src/agent/owner-decision.ts';
import type { Place } from '../../src/tools/object-store.ts';
import { makeScriptedEngine } from '../support/engines.ts';
import { makeTempDir } from '../support/temp.ts';

const RECORD: OwnerRecord = {
  writer: 'w',
  namespace: 'shop',
  database: 'orders',
  pod: 'orders-0',
  node: 'n1',
  since: '2026-11-21T12:00:00.000Z',
  renewedAt: new Date().toISOString(),
};

/** `st ls`, `st cat` and `st put` on a directory. */
const ENGINE = `
case "$2" in
  ls) echo "type size last modified name"; ls "$STORE/$3" 2>/dev/null | while read -r name; do echo "obj 1 now $name"; done ;;
  cat) cat "$STORE/$3" ;;
  put) shift 2; for last; do :; done; file=$(eval echo \\\${$(($#-1))}); mkdir -p "$STORE/walguard"; cp "$file" "$STORE/$last" ;;
esac`;

async function setUp(context: TestContext): Promise<{ place: Place; store: string }> {
  const store = await makeTempDir(context);
  const engine = await makeScriptedEngine(await makeTempDir(context), ENGINE);
  return { place: { engine, env: { PATH: process.env.PATH ?? '', STORE: store }, timeoutMs: 5000 }, store };
}

test('nobody owns an empty prefix; a record that was written is read again', async (context) => {
  const { place } = await setUp(context);
  assert.equal(await readOwner(place), undefined);
  await writeOwner(place, await makeTempDir(context), RECORD);
  assert.deepEqual(await readOwner(place), RECORD);
});

test('a person can read who it is', async (context) => {
  const { place, store } = await setUp(context);
  await writeOwner(place, await makeTempDir(context), RECORD);
  assert.match(await readFile(join(store, 'walguard', 'owner.json'), 'utf8'), /"pod":"orders-0"/);
});

for (const text of ['', '{', 'null', '{}', '{"writer":1,"renewedAt":"x"}']) {
  test(`${JSON.stringify(text)} is no record, and names no owner`, async (context) => {
    const { place, store } = await setUp(context);
    await mkdir(join(store, 'walguard'));
    await writeFile(join(store, 'walguard', 'owner.json'), text);
    assert.equal(await readOwner(place), undefined);
  });
}

test('a job is stopped where the archive was begun with a key that it has not', async (context) => {
  const { place } = await setUp(context);
  const { engine, env } = place;
  const agent = { engine, env: {}, namespace: 'shop', database: 'orders', pod: 'job', node: 'n1' };
  await assertOwner(agent as unknown as AgentContext, env);
  await writeOwner(place, await makeTempDir(context), RECORD);
  await assertOwner(agent as unknown as AgentContext, env);
  await writeOwner(place, await makeTempDir(context), { ...RECORD, encryptionKeyId: 'k' });
  await assert.rejects(
    assertOwner(agent as unknown as AgentContext, env),
    /^Error: nothing was written: the archive was begun with another key, and there is none now/,
  );
});

test('the Kubernetes cluster is known by its CA, where that is mounted', async (context) => {
  const directory = await makeTempDir(context);
  assert.equal(await readInstallation(directory), undefined);
  await writeFile(join(directory, 'cluster-ca.crt'), 'one');
  const one = await readInstallation(directory);
  assert.match(one ?? '', /^[0-9a-f]{16}$/);
  await writeFile(join(directory, 'cluster-ca.crt'), 'another');
  assert.notEqual(await readInstallation(directory), one);
});

/** The record is of orders-0, on timeline 1, a moment ago. | job of | its Postgres writes | refused | */
const JOBS: readonly (readonly [
  what: string,
  instance: string | undefined,
  timeline: number | undefined,
  is: boolean,
])[] = [
  ['the pod that archives', 'orders-0', 1, false],
  ['a pod that was promoted since', 'orders-1', 2, false],
  ['a standby', 'orders-1', undefined, false],
  ['a copy of its volume in another pod', 'orders-1', 1, true],
  ['a pod that it was not told of', undefined, 1, false],
];

for (const [what, instance, timeline, isRefused] of JOBS) {
  test(`a job of ${what} ${isRefused ? 'is refused, as its sidecar is' : 'may write'}`, async (context) => {
    const { place } = await setUp(context);
    await writeOwner(place, await makeTempDir(context), {
      ...RECORD,
      timeline: 1,
      renewedAt: new Date().toISOString(),
    });
    const env = instance === undefined ? {} : { WALGUARD_INSTANCE: instance };
    const agent = { engine: place.engine, env, namespace: 'shop', database: 'orders', pod: 'a-job', node: 'n1' };
    const asked = assertOwner(agent as unknown as AgentContext, place.env, async () => timeline);
    if (!isRefused) return asked;
    await assert.rejects(
      asked,
      /^Error: nothing was written: another copy of this database writes to the same prefix: shop\/orders-0 on node n1, on the same timeline/,
    );
  });
}
