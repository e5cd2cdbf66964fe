import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../src/api/kubernetes.ts';
import { type Answer, isNews } from '../../src/controller/sidecar-news.ts';
import { createSidecars, type Sidecars } from '../../src/controller/sidecars.ts';
import { createVirtualTime, type VirtualTime } from '../support/virtual-time.ts';
import { buildPod, buildSidecarStatus } from '../support/world.ts';

const ARCHIVER = buildSidecarStatus().archiver ?? assert.fail();
const STATUS = buildSidecarStatus();
const moved = buildSidecarStatus({
  archiver: { ...ARCHIVER, archivedCount: 4, lastArchivedWal: '000000010000000000000004' },
});

const NEWS: readonly (readonly [string, Answer | undefined, Answer, seconds: number, boolean])[] = [
  ['the first answer', undefined, 'the pod is away', 0, true],
  ['the same', STATUS, buildSidecarStatus(), 100, false],
  ['the same refusal', 'away', 'away', 100, false],
  ['another refusal', 'away', 'gone', 1, true],
  ['counters moved a moment ago', STATUS, moved, 29, false],
  ['counters moved half a minute ago', STATUS, moved, 30, true],
  [
    'a failure where there was none',
    STATUS,
    buildSidecarStatus({ archiver: { ...ARCHIVER, failedCount: 1 } }),
    1,
    true,
  ],
  ['promoted', buildSidecarStatus({ inRecovery: true }), STATUS, 1, true],
  ['another cluster', STATUS, buildSidecarStatus({ clusterId: '42' }), 1, true],
  ['gone', STATUS, 'away', 1, true],
];

for (const [what, told, answer, seconds, expected] of NEWS) {
  test(`${what} is ${expected ? '' : 'no '}news`, () => assert.equal(isNews(told, answer, seconds * 1000), expected));
}

interface Scene {
  readonly time: VirtualTime;
  readonly sidecars: Sidecars;
  readonly asked: string[];
  readonly news: string[];
  readonly stop: AbortController;
  answers: Record<string, Answer>;
  urgent: string[];
}

function setScene(delays: Record<string, number> = {}): Scene {
  const time = createVirtualTime();
  const stop = new AbortController();
  const asked: string[] = [];
  const news: string[] = [];
  const options = {
    ask: async (podIP: string) => {
      asked.push(`${podIP}@${time.now()}`);
      await time.sleep(delays[podIP] ?? 0);
      return scene.answers[podIP] ?? 'the sidecar does not answer';
    },
    onNews: (database: string) => void news.push(`${database}@${time.now()}`),
    isUrgent: (database: string) => scene.urgent.includes(database),
    clock: time,
    random: () => 0.5,
  };
  const sidecars = createSidecars(options, stop.signal);
  const scene: Scene = { time, sidecars, asked, news, stop, answers: {}, urgent: [] };
  return scene;
}

function pod(name: string, podIP: string | undefined, version = '1'): Pod {
  const built = buildPod(name);
  const { podIP: _address, ...status } = built.status ?? {};
  const metadata = { ...built.metadata, uid: `uid-of-${name}`, resourceVersion: version };
  return { ...built, metadata, status: { ...status, ...(podIP ? { podIP } : {}) } };
}

test('a sidecar is asked each five seconds, and tells what is news', async () => {
  const scene = setScene();
  scene.answers = { '10.0.0.1': STATUS };
  scene.sidecars.follow('shop/a', [pod('a-0', '10.0.0.1')]);
  assert.equal(scene.sidecars.areKnown('shop/a'), false);
  await scene.time.pass(11_000);
  assert.deepEqual(scene.asked, ['10.0.0.1@0', '10.0.0.1@5000', '10.0.0.1@10000']);
  assert.deepEqual(scene.news, ['shop/a@0']);
  assert.equal(scene.sidecars.areKnown('shop/a'), true);
  assert.deepEqual([...scene.sidecars.answers('shop/a')], [['shop/a-0', STATUS]]);
});

test('one that takes its time delays no other', async () => {
  const scene = setScene({ slow: 2000 });
  scene.sidecars.follow('shop/slow', [pod('slow-0', 'slow')]);
  scene.sidecars.follow('shop/b', [pod('b-0', 'b')]);
  await scene.time.pass(6000);
  assert.deepEqual(scene.asked, ['slow@0', 'b@0', 'b@5000']);
  await scene.time.pass(2000);
  assert.deepEqual(scene.asked.slice(3), ['slow@7000']);
});

test('while somebody waits for it, each second', async () => {
  const scene = setScene();
  scene.urgent = ['shop/a'];
  scene.sidecars.follow('shop/a', [pod('a-0', 'a')]);
  await scene.time.pass(3500);
  assert.equal(scene.asked.length, 4);
});

test('a change of the pod is a reason to ask at once, the same pod again is none', async () => {
  const scene = setScene();
  scene.sidecars.follow('shop/a', [pod('a-0', 'a')]);
  await scene.time.pass(2000);
  scene.sidecars.follow('shop/a', [pod('a-0', 'a')]);
  await scene.time.pass(100);
  assert.equal(scene.asked.length, 1);
  scene.sidecars.follow('shop/a', [pod('a-0', 'a', '2')]);
  await scene.time.pass(100);
  assert.deepEqual(scene.asked.slice(1), ['a@2100']);
});

test('a pod without an address is not asked, and a new address is a new sidecar', async () => {
  const scene = setScene();
  scene.answers = { a: STATUS, b: STATUS };
  scene.sidecars.follow('shop/a', [pod('a-0', undefined)]);
  assert.equal(scene.sidecars.areKnown('shop/a'), true);
  assert.match(String(scene.sidecars.answers('shop/a').get('shop/a-0')), /has no address yet/);
  scene.sidecars.follow('shop/a', [pod('a-0', 'a')]);
  await scene.time.pass(1000);
  scene.sidecars.follow('shop/a', [pod('a-0', 'b')]);
  assert.equal(scene.sidecars.areKnown('shop/a'), false);
  await scene.time.pass(20_000);
  assert.ok(scene.asked.slice(1).every((each) => each.startsWith('b@')));
});

test('what is not followed any more is not asked any more, and neither is anything after the signal', async () => {
  const scene = setScene();
  scene.sidecars.follow('shop/a', [pod('a-0', 'a')]);
  scene.sidecars.follow('shop/b', [pod('b-0', 'b')]);
  await scene.time.pass(1000);
  scene.sidecars.follow('shop/a', []);
  assert.equal(scene.sidecars.count(), 1);
  await scene.time.pass(10_000);
  assert.deepEqual(
    scene.asked.filter((each) => each.startsWith('a')),
    ['a@0'],
  );
  scene.stop.abort();
  const count = scene.asked.length;
  await scene.time.pass(10_000);
  assert.equal(scene.asked.length, count);
});
