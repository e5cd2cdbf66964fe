import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deriveName, deriveServiceName, MAX_NAME_LENGTH } from '../../src/lib/name.ts';

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

test('a name with dots becomes a label, and stays apart from the one with hyphens', () => {
  assert.match(deriveName('orders.eu-0', 'base-backup'), /^orders-eu-0-[0-9a-f]{8}-base-backup$/);
  assert.notEqual(deriveName('orders.eu-0', 'base-backup'), deriveName('orders-eu-0', 'base-backup'));
  assert.notEqual(deriveName('a.b.c-0', 'base-backup'), deriveName('a.b-c-0', 'base-backup'));
});

test("a Service's name begins with a letter; other names keep their digit", () => {
  assert.equal(deriveServiceName('orders-0', 'walguard'), 'orders-0-walguard');
  assert.match(deriveServiceName('2nd-0', 'walguard'), /^db-2nd-0-[0-9a-f]{8}-walguard$/);
  assert.notEqual(deriveServiceName('2nd-0', 'walguard'), deriveServiceName('db-2nd-0', 'walguard'));
  assert.equal(deriveName('2nd-0', 'base-backup'), '2nd-0-base-backup');
});

/** A StatefulSet's own name: a DNS subdomain. */
const subdomain = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?){0,2}$/);

test('any derived name is valid where it is used, at most 52 characters, the same each time, and keeps its suffix', () => {
  const suffix = fc.constantFrom('walguard', 'base-backup', 'restore', 'base-backup-0123abcd');
  fc.assert(
    fc.property(subdomain, suffix, (base, end) => {
      for (const [derive, valid] of [
        [deriveName, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/],
        [deriveServiceName, /^[a-z]([-a-z0-9]*[a-z0-9])?$/],
      ] as const) {
        const name = derive(base, end);
        assert.ok(name.length <= MAX_NAME_LENGTH);
        assert.match(name, valid);
        assert.ok(name.endsWith(`-${end}`));
        assert.equal(derive(base, end), name);
      }
    }),
  );
});

test('different names give different names', () => {
  fc.assert(
    fc.property(subdomain, subdomain, (a, b) => {
      fc.pre(a !== b);
      assert.notEqual(deriveServiceName(a, 'walguard'), deriveServiceName(b, 'walguard'));
    }),
  );
});
