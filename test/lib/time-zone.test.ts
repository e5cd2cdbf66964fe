import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findTimeZoneError, offsetAt } from '../../src/lib/time-zone.ts';
import { ZONES_ACCEPTED, ZONES_REFUSED } from './cron-vectors.ts';

test('the names that Kubernetes takes, and no others', () => {
  assert.deepEqual(
    ZONES_ACCEPTED.filter((name) => findTimeZoneError(name)),
    [],
  );
  assert.deepEqual(
    ZONES_REFUSED.filter((name) => !findTimeZoneError(name)),
    [],
  );
});

/** A name, and what is said of it. */
const ROWS: readonly (readonly [name: string, said: RegExp])[] = [
  ['Local', /another zone on each machine\. Name the zone, such as Europe\/Berlin\.$/],
  ['Europe/Berlyn', /no time zone of IANA's\. Did you mean "Europe\/Berlin"\?$/],
  ['europe/berlin', /Did you mean "Europe\/Berlin"\?$/],
  ['+01:00', /Write one such as Etc\/UTC or Europe\/Berlin, with its capitals\.$/],
];

for (const [name, said] of ROWS) {
  test(`${name}: ${said.source}`, () => {
    const { seen, remedy } = findTimeZoneError(name) ?? {};
    assert.match(`is ${seen}. ${remedy}`, said);
  });
}

/** Zone, moment, hours ahead of UTC. */
const OFFSETS: readonly (readonly [timeZone: string, moment: string, hours: number])[] = [
  ['Etc/UTC', '2026-07-01T00:00Z', 0],
  ['Europe/Berlin', '2026-01-01T00:00Z', 1],
  ['Europe/Berlin', '2026-07-01T00:00Z', 2],
  ['Europe/Berlin', '2026-03-29T00:59Z', 1],
  ['Europe/Berlin', '2026-03-29T01:00Z', 2],
  ['Europe/Berlin', '2026-10-25T00:59Z', 2],
  ['Europe/Berlin', '2026-10-25T01:00Z', 1],
  ['Europe/Berlin', '2025-12-31T23:59Z', 1],
  ['America/St_Johns', '2026-01-01T00:00Z', -3.5],
  ['Asia/Kathmandu', '2026-01-01T00:00Z', 5.75],
  ['Pacific/Kiritimati', '2026-01-01T00:00Z', 14],
  ['Etc/GMT+12', '2026-01-01T00:00Z', -12],
  ['Factory', '2026-01-01T00:00Z', 0],
];

for (const [timeZone, moment, hours] of OFFSETS) {
  test(`${timeZone} is ${hours} h ahead at ${moment}`, () => {
    assert.equal(offsetAt(timeZone, Date.parse(moment)), hours * 3_600_000);
  });
}
