import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeAuthority, judgeServing } from '../../src/controller/certificate-judge.ts';
import { type KeyPair, mintAuthority, mintServing } from '../../src/tools/mint-certificate.ts';

const DAY_MS = 86_400_000;
const START = new Date('2026-11-21T10:00:00Z');
const NAMES = ['webhook.system.svc', 'webhook.system.svc.cluster.local'];
const after = (days: number) => new Date(START.getTime() + days * DAY_MS);
const [ca, otherCa] = await Promise.all([mintAuthority(START), mintAuthority(START)]);
const [leaf, otherLeaf] = await Promise.all([mintServing(ca, NAMES, START), mintServing(ca, ['else'], START)]);

test('an authority is judged by what it is, its key, and its time', () => {
  const rows: readonly (readonly [pair: KeyPair, days: number, condition: string, why: string])[] = [
    [ca, 0, 'good', ''],
    [ca, 2433, 'good', ''],
    [ca, 2434, 'due', 'two thirds of the life of ca.crt are over'],
    [ca, 3561, 'due', 'ca.crt would end before a new leaf'],
    [ca, 4000, 'due', 'ca.crt would end before a new leaf'],
    [{ ...ca, cert: '' }, 0, 'unusable', 'ca.crt is missing'],
    [{ ...ca, key: '' }, 0, 'unusable', 'ca.key is missing'],
    [{ ...ca, cert: 'x' }, 0, 'unusable', 'ca.crt is no certificate'],
    [{ ...ca, key: 'x' }, 0, 'unusable', 'ca.key does not belong to ca.crt'],
    [{ ...ca, key: otherCa.key }, 0, 'unusable', 'ca.key does not belong to ca.crt'],
    [leaf, 0, 'unusable', 'ca.crt is no certificate authority'],
    [ca, -1, 'unusable', 'ca.crt begins only at 2026-11-21T09:00:00.000Z'],
  ];
  for (const [pair, days, condition, why] of rows) {
    assert.deepEqual(judgeAuthority(pair, after(days)), { condition, why });
  }
});

test('a leaf is judged by its key, its issuer, its names, and its time', () => {
  const rows: readonly (readonly [pair: KeyPair, issuer: KeyPair, days: number, condition: string, why: string])[] = [
    [leaf, ca, 0, 'good', ''],
    [leaf, ca, 59, 'good', ''],
    [leaf, ca, 60, 'due', 'two thirds of the life of tls.crt are over'],
    [leaf, ca, 100, 'due', 'two thirds of the life of tls.crt are over'],
    [{ ...leaf, cert: '' }, ca, 0, 'unusable', 'tls.crt is missing'],
    [{ ...leaf, key: '' }, ca, 0, 'unusable', 'tls.key is missing'],
    [{ ...leaf, cert: 'x' }, ca, 0, 'unusable', 'tls.crt is no certificate'],
    [{ ...leaf, key: otherLeaf.key }, ca, 0, 'unusable', 'tls.key does not belong to tls.crt'],
    [leaf, otherCa, 0, 'unusable', 'tls.crt is not signed by ca.crt'],
    [leaf, { ...ca, cert: 'x' }, 0, 'unusable', 'tls.crt is not signed by ca.crt'],
    [otherLeaf, ca, 0, 'unusable', 'tls.crt is not for webhook.system.svc'],
    [leaf, ca, -1, 'unusable', 'tls.crt begins only at 2026-11-21T09:00:00.000Z'],
  ];
  for (const [pair, issuer, days, condition, why] of rows) {
    assert.deepEqual(judgeServing(pair, issuer, NAMES, after(days)), { condition, why });
  }
});
