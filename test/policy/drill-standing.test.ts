import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DrillStanding, findStaleDrill } from '../../src/policy/drill-standing.ts';
import type { Settings } from '../../src/policy/settings.ts';
import { DRILL, SETTINGS } from '../support/workloads.ts';

const NOW = '2026-11-21T10:00:00.000Z';
const HOUR = 3600;
const DAY = 24 * HOUR;
const ago = (seconds: number) => new Date(Date.parse(NOW) - seconds * 1000).toISOString();

const PROMISED: Settings = {
  ...SETTINGS,
  drills: [DRILL],
  objectives: { drillAgeSeconds: 7 * DAY, onStaleDrill: 'refuse' },
};
/** The promised age, and the two hours of the drill. */
const OLDEST = 7 * DAY + 2 * HOUR;
const known = (more: Partial<DrillStanding> = {}): DrillStanding => ({
  policy: 'standard',
  drillsSince: ago(99 * DAY),
  ...more,
});

/** Rows of the table, and their edges: settings, what is known, and the age that is stale. */
const TABLE: Readonly<Record<string, readonly [Settings, DrillStanding | undefined, number | undefined]>> = {
  'nothing is known': [PROMISED, undefined, undefined],
  'what is known is of another policy': [PROMISED, known({ policy: 'gold' }), undefined],
  'it is not known since when': [PROMISED, { policy: 'standard', lastSuccessfulDrill: ago(99 * DAY) }, undefined],
  'a time that nobody can read': [PROMISED, known({ drillsSince: 'once' }), undefined],
  'no age is promised': [{ ...PROMISED, objectives: { onStaleDrill: 'warn' } }, known(), undefined],
  'there is no drill': [
    { ...SETTINGS, objectives: { drillAgeSeconds: DAY, onStaleDrill: 'warn' } },
    known(),
    undefined,
  ],
  'just young enough': [PROMISED, known({ lastSuccessfulDrill: ago(OLDEST) }), undefined],
  'just too old': [PROMISED, known({ lastSuccessfulDrill: ago(OLDEST + 1) }), OLDEST + 1],
  'the first one was not due yet': [PROMISED, known({ drillsSince: ago(OLDEST) }), undefined],
  'none was good since it was due': [PROMISED, known({ drillsSince: ago(OLDEST + 1) }), OLDEST + 1],
  'an old one, and drills are asked for again': [
    PROMISED,
    known({ lastSuccessfulDrill: ago(99 * DAY), drillsSince: ago(HOUR) }),
    undefined,
  ],
};

for (const [name, [settings, standing, ageSeconds]] of Object.entries(TABLE)) {
  test(`${name}: ${ageSeconds === undefined ? 'not stale' : 'stale'}`, () => {
    assert.equal(findStaleDrill(settings, standing, NOW)?.ageSeconds, ageSeconds);
  });
}
