import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import type { WatchEvent } from '../../src/kube/feed.ts';
import { createStore } from '../../src/kube/store.ts';
import { isOlder } from '../../src/kube/version.ts';

function pod(name: string, version: number, labels: Record<string, string> = {}): KubeObject {
  const metadata = { name, namespace: 'shop', resourceVersion: `${version}`, labels };
  return { apiVersion: 'v1', kind: 'Pod', metadata };
}

function create() {
  const store = createStore<KubeObject>({
    keep: (object) => (object.metadata.labels?.hidden ? undefined : object),
    index: ({ metadata }) => (metadata.labels?.app ? [metadata.labels.app] : []),
  });
  const replaceAll = (objects: readonly KubeObject[], version: string) =>
    store.replaceAll(objects.map(store.digest), version);
  return { ...store, replaceAll };
}

const describe = (objects: readonly KubeObject[]) =>
  objects.map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`).sort();

test('versions are numbers of any length; of what is none, whatever differs counts as older', () => {
  const ROWS: readonly (readonly [string, string, boolean])[] = [
    ['9', '10', true],
    ['10', '9', false],
    ['10', '10', false],
    ['99999999999999999998', '99999999999999999999', true],
    ['a', 'b', true],
    ['b', 'a', true],
    ['a', 'a', false],
    ['', '1', true],
  ];
  for (const [a, b, expected] of ROWS) assert.equal(isOlder(a, b), expected, `${a} before ${b}`);
});

type Step = readonly [type: WatchEvent['type'] | 'note', object: KubeObject];

const CASES: Readonly<Record<string, readonly [steps: readonly Step[], expected: string[], position: string]>> = {
  'a newer event is taken': [[['MODIFIED', pod('a', 12)]], ['a@12'], '12'],
  'a duplicate and an older one are not': [
    [
      ['MODIFIED', pod('a', 12)],
      ['MODIFIED', pod('a', 12)],
      ['ADDED', pod('a', 11)],
    ],
    ['a@12'],
    '12',
  ],
  'an older event does not bring a deleted object back': [
    [
      ['DELETED', pod('a', 13)],
      ['MODIFIED', pod('a', 12)],
    ],
    [],
    '13',
  ],
  'an object that was made again is there': [
    [
      ['DELETED', pod('a', 13)],
      ['ADDED', pod('a', 14)],
    ],
    ['a@14'],
    '14',
  ],
  'a late deletion of the one before does not take the new one away': [
    [
      ['ADDED', pod('a', 14)],
      ['DELETED', pod('a', 13)],
    ],
    ['a@14'],
    '14',
  ],
  'a bookmark only moves the position': [[['BOOKMARK', pod('', 20)]], ['a@10'], '20'],
  'our own write is known at once, and the watch does not go on from there': [[['note', pod('a', 15)]], ['a@15'], '10'],
  'what the watch brings after our own write is news only when it is newer': [
    [
      ['note', pod('a', 15)],
      ['MODIFIED', pod('a', 12)],
      ['MODIFIED', pod('a', 16)],
    ],
    ['a@16'],
    '16',
  ],
  'an object that is not to be kept any more is forgotten': [[['MODIFIED', pod('a', 12, { hidden: 'yes' })]], [], '12'],
};

for (const [name, [steps, expected, position]] of Object.entries(CASES)) {
  test(name, () => {
    const store = create();
    store.replaceAll([pod('a', 9)], '10');
    store.replaceAll([pod('a', 10)], '10');
    for (const [type, object] of steps) {
      if (type === 'note') store.note(object);
      else store.take(type, object);
    }
    assert.deepEqual(describe(store.list()), expected);
    assert.equal(store.position(), position);
  });
}

test('a list says what came, changed and went, and nothing of what stayed', () => {
  const store = create();
  store.replaceAll([pod('a', 1), pod('b', 2), pod('c', 3)], '5');
  const changes = store.replaceAll([pod('a', 1), pod('b', 6), pod('d', 7)], '8');
  assert.deepEqual(
    changes.map(({ before, after }) => [before?.metadata.name, after?.metadata.name]),
    [
      ['b', 'b'],
      [undefined, 'd'],
      ['c', undefined],
    ],
  );
});

test('a list does not undo what we wrote after it, unless the storage of the server was set back', () => {
  const store = create();
  store.replaceAll([pod('a', 1)], '5');
  store.note(pod('a', 9));
  store.note(pod('b', 10));
  assert.deepEqual(store.replaceAll([pod('a', 1)], '8'), []);
  assert.deepEqual(describe(store.list()), ['a@9', 'b@10']);
  store.replaceAll([pod('a', 2)], '3');
  assert.deepEqual(describe(store.list()), ['a@2']);
  assert.equal(store.position(), '3');
});

test('objects are found by word, also after the word has changed', () => {
  const store = create();
  store.replaceAll([pod('a', 1, { app: 'x' }), pod('b', 1, { app: 'x' })], '1');
  assert.deepEqual(describe(store.find('x')), ['a@1', 'b@1']);
  store.take('MODIFIED', pod('a', 2, { app: 'y' }));
  assert.deepEqual([describe(store.find('x')), describe(store.find('y'))], [['b@1'], ['a@2']]);
  store.take('DELETED', pod('a', 3));
  assert.deepEqual(store.find('y'), []);
});

// Whatever is repeated and shuffled between neighbours, each object ends as its newest version says.
test('duplicates and events out of order lead to the same store', () => {
  const change = fc.record({ name: fc.constantFrom('a', 'b', 'c'), isGone: fc.boolean() });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 20 }), fc.array(fc.nat()), (changes, order) => {
      const events = changes.map(({ name, isGone }, at): WatchEvent => {
        return { type: isGone ? 'DELETED' : 'MODIFIED', object: pod(name, at + 1) };
      });
      const plain = create();
      for (const { type, object } of events) plain.take(type, object);
      const shuffled = create();
      const mixed = [...events, ...order.flatMap((each) => events[each % (events.length || 1)] ?? [])];
      const keys = mixed.map((_each, at) => order[at % (order.length || 1)] ?? 0);
      for (const at of [...mixed.keys()].sort((a, b) => (keys[a] ?? 0) - (keys[b] ?? 0))) {
        const event = mixed[at];
        if (event) shuffled.take(event.type, event.object);
      }
      assert.deepEqual(describe(shuffled.list()), describe(plain.list()));
    }),
  );
});
