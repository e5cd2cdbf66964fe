import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refuseRequest, type Seen, signRequest } from '../../src/agent/request-signature.ts';

const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' };
const PARTS = { method: 'POST', target: 'shop/orders-0', path: '/base-backups/nightly?seconds=60' };
const NOW = Date.UTC(2026, 10, 21);
const BEGUN = NOW - 3_600_000;

function refuse(header: string | undefined, over: { now?: number; begunAt?: number; seen?: Seen } = {}, parts = PARTS) {
  return refuseRequest(header, parts, CREDENTIALS, { seen: new Map(), begunAt: BEGUN, now: NOW, ...over });
}

const good = signRequest(PARTS, CREDENTIALS, NOW);

test('what is signed with the same Secret just now is taken, and the Secret is not in it', () => {
  assert.equal(refuse(good), undefined);
  assert.equal(refuse(good, { now: NOW + 119_000 }), undefined);
  assert.equal(refuse(good, { now: NOW - 119_000 }), undefined);
  assert.doesNotMatch(good, /secret/);
});

const WRONG: Readonly<Record<string, string | undefined>> = {
  'no header': undefined,
  'an empty one': '',
  'another text': 'Bearer x',
  'no signature': good.split(':').slice(0, 2).join(':'),
  'a torn signature': good.slice(0, -1),
  'a signature of nulls': `${good.split(':').slice(0, 2).join(':')}:${'0'.repeat(64)}`,
  'another time': good.replace(/^\d+/, String(NOW - 1)),
  'another nonce': good.replace(/:[^:]+:/, ':aaaaaaaaaaaaaaaaaaaaaaaa:'),
  'another secret': signRequest(PARTS, { ...CREDENTIALS, AWS_SECRET_ACCESS_KEY: 'other' }, NOW),
  'another access key': signRequest(PARTS, { ...CREDENTIALS, AWS_ACCESS_KEY_ID: 'other' }, NOW),
  'another method': signRequest({ ...PARTS, method: 'GET' }, CREDENTIALS, NOW),
  'another pod': signRequest({ ...PARTS, target: 'shop/orders-1' }, CREDENTIALS, NOW),
  'another namespace': signRequest({ ...PARTS, target: 'bank/orders-0' }, CREDENTIALS, NOW),
  'another query': signRequest({ ...PARTS, path: '/base-backups/nightly?seconds=61' }, CREDENTIALS, NOW),
};

for (const [name, header] of Object.entries(WRONG)) {
  test(`refused, and the same is said: ${name}`, () => {
    assert.equal(refuse(header), 'not signed with the storage Secret that is mounted here');
  });
}

test('refused: too old, too young, older than this process, used before', () => {
  assert.match(refuse(good, { now: NOW + 121_000 }) ?? '', /too long ago/);
  assert.match(refuse(good, { now: NOW - 121_000 }) ?? '', /clocks/);
  assert.match(refuse(good, { begunAt: NOW + 1 }) ?? '', /before this sidecar began/);
  const seen: Seen = new Map();
  assert.equal(refuse(good, { seen }), undefined);
  assert.match(refuse(good, { seen }) ?? '', /sent before/);
});

test('what is refused is not remembered, and what is too old to be taken again is forgotten', () => {
  const seen: Seen = new Map();
  for (const header of Object.values(WRONG)) refuse(header, { seen });
  assert.equal(seen.size, 0);
  refuse(good, { seen });
  const later = NOW + 600_000;
  refuse(signRequest(PARTS, CREDENTIALS, later), { seen, now: later });
  assert.equal(seen.size, 1);
});
