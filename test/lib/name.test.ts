import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deriveName, MAX_NAME_LENGTH } from '../../src/lib/name.ts';

test('a short name is base and suffix', () => {
  assert.equal(deriveName('orders-0', 'base-backup'), 'orders-0-base-backup');
});

test('a name of just the greatest length is not touched, one more character is cut', () => {
  const suffix = 'base-backup';
  const fits = 'a'.repeat(MAX_NAME_LENGTH - suffix.length - 1);
  assert.equal(deriveName(fits, suffix), `${fits}-${suffix}`);
  const cut = deriveName(`${fits}a`, suffix);
  assert.equal(cut.length, MAX_NAME_LENGTH);
  assert.match(cut, /^a+-[0-9a-f]{8}-base-backup$/);
});

test('long bases that differ only at their end get different names', () => {
  const base = 'x'.repeat(60);
  assert.notEqual(deriveName(`${base}-0`, 'walguard'), deriveName(`${base}-1`, 'walguard'));
});

test('no two hyphens meet where a base is cut at one', () => {
  const base = `${'a'.repeat(26)}---${'b'.repeat(30)}`;
  for (let length = 24; length < 32; length++) {
    assert.doesNotMatch(deriveName(base.slice(0, 58), 'x'.repeat(length - 10)), /--/);
  }
});

test('any derived name is a valid label of at most 52 characters, the same each time, and keeps its suffix', () => {
  const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,60}[a-z0-9])?$/);
  const suffix = fc.constantFrom('walguard', 'base-backup', 'restore', 'base-backup-0123abcd');
  fc.assert(
    fc.property(label, suffix, (base, end) => {
      const name = deriveName(base, end);
      assert.ok(name.length <= MAX_NAME_LENGTH);
      assert.match(name, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
      assert.ok(name.endsWith(`-${end}`));
      assert.equal(deriveName(base, end), name);
    }),
  );
});
