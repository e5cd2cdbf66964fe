import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastDue, timed } from '../../src/lib/last-due.ts';

for (const [schedule, zone, now, expected] of [
  ['17 2 * * *', 'Etc/UTC', '2026-11-20T12:00:00Z', '2026-11-20T02:17:00Z'],
  ['17 2 * * *', 'Etc/UTC', '2026-11-20T02:17:00Z', '2026-11-20T02:17:00Z'],
  ['17 2 * * *', 'Etc/UTC', '2026-11-20T02:16:59Z', '2026-11-19T02:17:00Z'],
  ['17 2 * * *', 'Europe/Berlin', '2026-11-20T12:00:00Z', '2026-11-20T01:17:00Z'],
  ['* * * * *', 'Etc/UTC', '2026-11-20T12:00:30Z', '2026-11-20T12:00:00Z'],
  ['0 3 * * 0', 'Etc/UTC', '2026-11-20T12:00:00Z', '2026-11-15T03:00:00Z'],
  ['0 3 31 * *', 'Etc/UTC', '2026-12-30T12:00:00Z', '2026-10-31T03:00:00Z'],
  ['0 3 29 2 *', 'Etc/UTC', '2026-11-20T12:00:00Z', '2024-02-29T03:00:00Z'],
  ['@every 6h', 'Etc/UTC', '2026-11-20T12:00:00Z', '2026-11-20T06:00:00Z'],
] as const) {
  test(`${schedule} in ${zone} at ${now} was due last at ${expected}`, () => {
    const due = lastDue(timed(schedule, zone) ?? assert.fail(), Date.parse(now));
    assert.equal(due, Date.parse(expected));
  });
}

test('what is never due was never due, and what is no schedule is none', () => {
  assert.equal(lastDue(timed('0 3 30 2 *', 'Etc/UTC') ?? assert.fail(), Date.parse('2026-11-20T12:00:00Z')), undefined);
  assert.equal(timed('now and then', 'Etc/UTC'), undefined);
});
