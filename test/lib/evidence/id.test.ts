import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayBeOf, nameEvidence, timeOfEvidence } from '../../../src/lib/evidence/id.ts';

const NOW = Date.parse('2026-11-21T20:15:33.700Z');

const TABLE: readonly (readonly [name: string, taken: readonly string[], id: string])[] = [
  ['the first', [], '20261121T201533Z-orders-0-weekly'],
  ['after an older one', ['20261121T021342Z-orders-0-weekly'], '20261121T201533Z-orders-0-weekly'],
  ['its name is taken', ['20261121T201533Z-orders-0-weekly'], '20261121T201534Z-orders-0-weekly'],
  ['another of this second', ['20261121T201533Z-orders-0-aaa'], '20261121T201534Z-orders-0-weekly'],
  ['a clock that is behind', ['20261231T235959Z-orders-0-weekly'], '20270101T000000Z-orders-0-weekly'],
  ['what is no id does not count', ['readme', '99999999T999999Z-x'], '20261121T201533Z-orders-0-weekly'],
];

for (const [name, taken, id] of TABLE) {
  test(`name: ${name}`, () => {
    assert.equal(nameEvidence(NOW, 'orders-0', 'weekly', taken), id);
    for (const other of taken.filter((each) => timeOfEvidence(each) !== undefined))
      assert.ok(other < id, 'it sorts last');
  });
}

test('names of pods and drills become names of files, of a length that every store takes', () => {
  assert.equal(nameEvidence(NOW, 'orders-0', 'Before the drop/..', []), '20261121T201533Z-orders-0-before-the-drop-..');
  const long = nameEvidence(NOW, 'o'.repeat(300), 'weekly', []);
  assert.equal(long.length, 200);
  assert.notEqual(timeOfEvidence(long), undefined);
});

test('after the end of time there is no name', () => {
  assert.throws(() => nameEvidence(NOW, 'orders-0', 'weekly', ['99991231T235959Z-x']), /is no name of a record/);
});

test('an id says when', () => {
  assert.equal(timeOfEvidence('20261121T201533Z-orders-0-weekly'), Date.parse('2026-11-21T20:15:33Z'));
  for (const id of ['', '20261121T201533Z', '20261121T201533Z-', '20261121T201533Z-a/b', '20261321T000000Z-a'])
    assert.equal(timeOfEvidence(id), undefined, id);
});

test('records of a name are told by their ids, and one that was cut may be of any', () => {
  const id = (name: string) => nameEvidence(NOW, 'orders-0', name, []);
  assert.ok(mayBeOf(id('before the drop'), 'before the drop'));
  assert.ok(!mayBeOf(id('before'), 'after'));
  assert.ok(!mayBeOf('before', 'before'));
  assert.ok(mayBeOf(id('n'.repeat(250)), 'm'.repeat(250)));
});
