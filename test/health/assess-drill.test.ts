import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DrillResult } from '../../src/api/protected-database/drill.ts';
import type { Instance } from '../../src/api/protected-database.ts';
import { assess } from '../../src/health/assess.ts';
import type { Terms } from '../../src/health/terms.ts';

const NOW = '2026-11-21T12:00:00.000Z';
const DAY = 86_400;
const ago = (days: number) => new Date(Date.parse(NOW) - days * DAY * 1000).toISOString();

const WEEKLY = { name: 'weekly', overdueSeconds: 15 * DAY, showsLoss: true };
const MONTHLY = { name: 'monthly', overdueSeconds: 63 * DAY, showsLoss: false };
const TERMS: Terms = {
  archiveLateSeconds: 180,
  drills: [WEEKLY],
  drillAgeSeconds: 8 * DAY,
  rtoSeconds: 3600,
  rpoSeconds: 300,
};

type Result = DrillResult['result'];

const run = (days: number, result: Result = 'passed', more: Partial<DrillResult> = {}): DrillResult => ({
  name: 'weekly',
  finishedAt: ago(days),
  result,
  message: `it ${result}`,
  ...more,
});

/** Archived, backed up, and with these drills. */
function instance(lastDrills: readonly DrillResult[], more: Partial<Instance> = {}): Instance {
  const [good] = lastDrills.filter(({ result }) => result === 'passed');
  return {
    pod: 'orders-0',
    clusterId: '7',
    inRecovery: false,
    archiver: { archiveMode: 'on', lastArchivedWal: '3', lastArchivedTime: ago(0), waiting: 0 },
    lastSuccessfulBackup: { name: 'base', finishedAt: ago(0) },
    ...(lastDrills.length === 0 ? {} : { lastDrills: [...lastDrills] }),
    ...(good ? { lastSuccessfulDrill: { name: good.name, finishedAt: good.finishedAt } } : {}),
    ...more,
  };
}

function look(instances: readonly Instance[], terms = TERMS, retired: readonly Instance[] = []) {
  const status = assess({ policy: 'standard', generation: 1, instances, retired, terms }, [], NOW);
  const tell = (type: string) => {
    const found = status.conditions?.find((each) => each.type === type);
    return found && `${found.status} ${found.reason}: ${found.message}`;
  };
  return { status, drill: tell('LastDrillSucceeded'), protectedBy: tell('Protected') };
}

/** Rows of the tables in assess-drill.ts and of assessProtected: last runs, terms, LastDrillSucceeded, Protected. */
const TABLE: Readonly<
  Record<string, readonly [runs: readonly DrillResult[], terms: Terms, drill: RegExp, protectedBy: RegExp]>
> = {
  'never ran': [
    [],
    TERMS,
    /^Unknown NoDrill: orders-0: drill weekly has not run yet; to run it now: walguard drill run --drill weekly$/,
    /^False NoDrill: /,
  ],
  'passed, and may not be made any more': [
    [run(1)],
    { ...TERMS, drills: [{ ...WEEKLY, missing: 'there is no namespace "dr"' }] },
    /^Unknown DrillNotAllowed: orders-0: drill weekly is not made: there is no namespace "dr"$/,
    /^False NotProven: .*is not made/,
  ],
  failed: [
    [run(1, 'failed')],
    TERMS,
    /^False DrillFailed: orders-0: drill weekly failed at 2026-11-20T12.*: it failed$/,
    /^False NotProven: .*it failed$/,
  ],
  'could not run': [
    [run(1, 'unknown')],
    TERMS,
    /^Unknown DrillCouldNotRun: orders-0: drill weekly could not run: it unknown$/,
    /^False NotProven: .*could not run/,
  ],
  'an outcome of a later version': [[run(1, 'odd' as Result)], TERMS, /^Unknown DrillCouldNotRun/, /^False NotProven/],
  'passed, and two of its runs should have come': [
    [run(16)],
    { archiveLateSeconds: 180, drills: [WEEKLY] },
    /^Unknown Stale: orders-0: drill weekly came to an end for the last time at 2026-11-05/,
    /^False NotProven/,
  ],
  'passed just in time': [[run(15)], { archiveLateSeconds: 180, drills: [WEEKLY] }, /^True/, /^True/],
  'passed, and its schedule never comes round': [
    [run(999)],
    { archiveLateSeconds: 180, drills: [{ name: 'weekly', overdueSeconds: null, showsLoss: true }] },
    /^True/,
    /^True/,
  ],
  'passed, and the promised age is over': [
    [run(9)],
    TERMS,
    /^False DrillTooOld: orders-0: the last good drill, weekly, was finished at 2026-11-12.*drillAge allows$/,
    /^False NotProven: .*drillAge/,
  ],
  'passed just within the promised age': [[run(8)], TERMS, /^True/, /^True/],
  passed: [
    [run(1)],
    TERMS,
    /^True LastDrillSucceeded: orders-0: drill weekly passed at 2026-11-20T12/,
    /^True RestoreProven: orders-0: drill weekly passed at 2026-11-20T12:00:00.000Z$/,
  ],
  'passed, as fast as promised': [
    [run(1, 'passed', { rtoSeconds: 3600, achievedRpoSeconds: 300 })],
    TERMS,
    /^True/,
    /^True/,
  ],
  'passed, too slowly: the data come back, the promise does not hold': [
    [run(1, 'passed', { rtoSeconds: 5400 })],
    TERMS,
    /^False ObjectiveMissed: .*took 1h 30m to restore, and objectives.rto allows 1h$/,
    /^True RestoreProven: .*; a promise is not kept: .*1h 30m/,
  ],
  'passed, and too much was lost': [
    [run(1, 'passed', { achievedRpoSeconds: 301 })],
    TERMS,
    /^False ObjectiveMissed: .*lost the last 5m 1s, and objectives.rpo allows 5m$/,
    /^True RestoreProven/,
  ],
  'passed, and is of a dump: how old that is says nothing of what would be lost': [
    [run(1), run(1, 'passed', { name: 'monthly', achievedRpoSeconds: DAY })],
    { ...TERMS, drills: [WEEKLY, MONTHLY] },
    /^True/,
    /^True/,
  ],
  'failed, too slowly: it failed': [[run(1, 'failed', { rtoSeconds: 5400 })], TERMS, /^False DrillFailed/, /^False/],
  'one too slow, one failed: it failed': [
    [run(1, 'passed', { rtoSeconds: 5400 }), run(1, 'failed', { name: 'monthly' })],
    { ...TERMS, drills: [WEEKLY, MONTHLY] },
    /^False DrillFailed: .*monthly/,
    /^False NotProven/,
  ],
  'one passed, one never ran': [
    [run(1)],
    { ...TERMS, drills: [WEEKLY, MONTHLY] },
    /^Unknown NoDrill: .*monthly has not run yet/,
    /^False NoDrill/,
  ],
  'a monthly one is not too old while a weekly one is young': [
    [run(1), run(20, 'passed', { name: 'monthly' })],
    { ...TERMS, drills: [WEEKLY, MONTHLY] },
    /^True/,
    /^True/,
  ],
  'a bad one that the policy does not have any more': [
    [run(1), run(1, 'failed', { name: 'old' })],
    TERMS,
    /^True/,
    /^True/,
  ],
};

for (const [name, [runs, terms, drill, protectedBy]] of Object.entries(TABLE)) {
  test(`a drill that ${name}`, () => {
    const found = look([instance(runs)], terms);
    assert.match(found.drill ?? '', drill);
    assert.match(found.protectedBy ?? '', protectedBy);
  });
}

test('without drills there is no such condition, and nothing is Protected', () => {
  const { drill, protectedBy } = look([instance([])], { archiveLateSeconds: 180 });
  assert.equal(drill, undefined);
  assert.match(protectedBy ?? '', /^False NoDrill: .*its policy has none in spec\.drills$/);
});

test('after a failover the drills of the old primary count, by name the newest', () => {
  const old = instance([run(3, 'failed')], { pod: 'orders-1', inRecovery: true });
  assert.match(look([instance([run(1)]), old]).drill ?? '', /^True/);
  assert.match(look([instance([run(5)]), old]).drill ?? '', /^False DrillFailed: orders-0/);
  assert.match(look([instance([]), { ...old, clusterId: '8', inRecovery: false }]).drill ?? '', /^False/);
});

test('scaled to zero it is judged by the pods that were scaled away', () => {
  const away = { pod: 'orders-0', clusterId: '7', lastDrills: [run(1, 'failed')] };
  assert.match(look([], TERMS, [away]).drill ?? '', /^False DrillFailed/);
  assert.match(look([], TERMS, []).drill ?? '', /^Unknown NoInstance/);
});

test('of several clusters the last good drill is the earliest one, and none while one has none', () => {
  const one = instance([run(1)]);
  const other = (runs: readonly DrillResult[]) => instance(runs, { pod: 'orders-1', clusterId: '8' });
  assert.equal(look([one, other([run(3)])]).status.lastSuccessfulDrill, ago(3));
  assert.equal(look([one, other([])]).status.lastSuccessfulDrill, undefined);
  assert.equal(look([one]).status.lastSuccessfulDrill, ago(1));
  assert.equal(look([]).status.lastSuccessfulDrill, undefined);
});

test('the last drill is told, whatever came of it', () => {
  const measured = { rtoSeconds: 42, achievedRpoSeconds: 3, evidence: 'e1' };
  const { lastDrill } = look([instance([run(1, 'passed', measured), run(2, 'failed', { name: 'monthly' })])]).status;
  assert.deepEqual(lastDrill, { name: 'weekly', finishedAt: ago(1), result: 'passed', ...measured });
  assert.equal(look([instance([run(1, 'failed')])]).status.lastDrill?.result, 'failed');
  assert.equal('lastDrill' in look([instance([])]).status, false);
});
