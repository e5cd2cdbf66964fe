// Reviews of walguard's own kinds, for the fuzzer to start from.
import { API_VERSION } from '../../src/api/names.ts';
import { buildReview } from './reviews.ts';
import { POLICY } from './world.ts';

const RESTORE = {
  apiVersion: API_VERSION,
  kind: 'Restore',
  metadata: { name: 'orders-before', namespace: 'shop' },
  spec: {
    source: { database: 'orders' },
    target: { time: '2026-11-21T08:46:16.129Z' },
    destination: { statefulSet: 'orders-before' },
  },
};

const FULL_POLICY = {
  ...POLICY,
  spec: {
    ...POLICY.spec,
    archive: { timeout: '60s', compression: 'zstd', switchAtLeastEvery: '6h' },
    baseBackup: { schedule: '0 2 * * *', timeZone: 'Europe/Zurich', timeout: '3h' },
    retention: { recoveryWindow: '7d', keepDaily: 7, keepWeekly: 4 },
    drills: [{ name: 'weekly', schedule: '0 4 * * 0' }],
    health: { interval: '60s', failureThreshold: 3, logPatterns: ['PANIC', '(a+)+$'] },
    objectives: { rpo: '5m', rto: '1h' },
  },
};

export function buildPolicyAndRestoreReviews(): object[] {
  return [
    buildReview(POLICY),
    buildReview(FULL_POLICY),
    buildReview(FULL_POLICY, POLICY),
    buildReview(null, POLICY),
    buildReview(RESTORE),
  ];
}
