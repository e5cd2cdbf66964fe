import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RestoreTarget } from '../../src/api/restore.ts';
import { toMicroseconds } from '../../src/lib/recovery-target.ts';
import type { Known } from '../../src/lib/restore-base.ts';
import { planRestore } from '../../src/lib/restore-plan.ts';
import { listToSearch, mayBeFilled } from '../../src/lib/restore-wal.ts';
import { backup, makeContents, minute, segment, segmentName, segments } from '../support/store-contents.ts';

const finish = (index: number) => minute(index - 0.5);
const b3 = backup(3);
const b8 = backup(8);
/** Two base backups, WAL up to now. */
const whole = makeContents({ backups: [b3, b8], segments: segments(1, 12) });
/** WAL is missing between 5 and 7. */
const torn = makeContents({ backups: [b3, b8], segments: [...segments(1, 5), ...segments(7, 12)] });
const endedAt = (time: string): Known => ({ lastEnd: toMicroseconds(time) });
const lsn = (index: number) => `0/${(index * 16 * 1024 * 1024 + 4096).toString(16)}`;

type Row = readonly [string, RestoreTarget, Known, base: string, target: object, note: RegExp | undefined];

const ROWS: readonly Row[] = [
  [
    'a time before the last transaction',
    { time: minute(9) },
    endedAt(minute(11)),
    b8.name,
    { time: minute(9) },
    undefined,
  ],
  [
    'a time before the second backup',
    { time: minute(6) },
    endedAt(minute(11)),
    b3.name,
    { time: minute(6) },
    undefined,
  ],
  [
    'a time behind the last transaction',
    { time: minute(11.5) },
    endedAt(minute(11)),
    b8.name,
    { latest: true },
    /nothing that is archived was committed after/,
  ],
  [
    'the very moment of the last transaction',
    { time: minute(11) },
    endedAt(minute(11)),
    b8.name,
    { latest: true },
    /nothing/,
  ],
  [
    'a time, and no transaction after the backup',
    { time: minute(11.5) },
    { lastEnd: 0n },
    b8.name,
    { latest: true },
    /committed after base backup/,
  ],
  ['a time, and the WAL could not be read', { time: minute(11.5) }, {}, b8.name, { time: minute(11.5) }, undefined],
  ['a position', { lsn: lsn(9) }, {}, b8.name, { lsn: lsn(9).toUpperCase() }, undefined],
  ['a position before the second backup', { lsn: lsn(6) }, {}, b3.name, { lsn: lsn(6).toUpperCase() }, undefined],
  ['a transaction that was found', { xid: '742' }, { markedIn: segmentName(6) }, b3.name, { xid: '742' }, undefined],
  ['a restore point that was found', { name: 'x' }, { markedIn: segmentName(11) }, b8.name, { name: 'x' }, undefined],
  ['a restore point after a named backup', { name: 'x', backup: b3.name }, {}, b3.name, { name: 'x' }, undefined],
  ['the newest backup', { immediate: true }, {}, b8.name, { immediate: true }, undefined],
  ['all that is archived', { latest: true }, {}, b8.name, { latest: true }, undefined],
  ['a backup alone', { backup: b3.name }, {}, b3.name, { immediate: true }, undefined],
];

for (const [title, wanted, known, base, target, note] of ROWS) {
  test(`${title}: from which base backup, and up to where`, () => {
    const plan = planRestore(whole, wanted, known);
    assert.equal(plan.baseBackup.name, base);
    assert.deepEqual(plan.target, target);
    if (note) assert.match(plan.notes.join(), note);
    else assert.deepEqual(plan.notes, []);
  });
}

test('the newest good backup before the target is taken, or refused with what can be restored', () => {
  const damaged = { ...backup(6), storedBytes: 1 };
  const contents = makeContents({ backups: [b3, damaged, b8], segments: segments(1, 9) });
  const chosen = (time: string) => planRestore(contents, { time }).baseBackup.name;
  assert.throws(
    () => chosen(minute(2)),
    /no base backup was finished before .*: the oldest one was finished at .*What can be restored: from/,
  );
  assert.equal(chosen(finish(3)), b3.name);
  assert.equal(chosen(minute(7)), b3.name);
  assert.equal(chosen(finish(8)), b8.name);
});

test('where all backups before the target look bad the newest is tried, and that is said', () => {
  const damaged = { ...b3, storedBytes: 1 };
  const plan = planRestore(makeContents({ backups: [damaged], segments: segments(1, 9) }), { time: minute(5) });
  assert.equal(plan.baseBackup.name, b3.name);
  assert.equal(plan.wal, undefined);
  assert.match(plan.notes.join(), /no base backup before the target is as it should be; trying .*backup-damaged/);
});

test('a time in a gap is refused, with where it begins and what can be restored', () => {
  const known = endedAt(minute(4.9));
  assert.deepEqual(planRestore(torn, { time: minute(4) }, known).target, { time: minute(4) });
  for (const time of [minute(5.5), minute(6.5), minute(7.2)]) {
    assert.throws(
      () => planRestore(torn, { time }, known),
      /cannot be restored: WAL is missing after .*What can be restored: from .* to .*, from .* on/,
    );
  }
  assert.deepEqual(planRestore(torn, { time: finish(8) }, endedAt(minute(11))).target, { time: finish(8) });
});

test('a gap counts however young it is: recovery ends there', () => {
  const listedAt = minute(12);
  const young = { ...torn, listedAt };
  assert.deepEqual([mayBeFilled(young), mayBeFilled(torn), mayBeFilled(whole)], [true, false, false]);
  assert.deepEqual(
    listToSearch(young, { time: minute(5.5) }),
    [5, 4, 3].map((each) => segmentName(each)),
  );
  assert.throws(() => planRestore(young, { time: minute(5.5) }, endedAt(minute(4.9))), /WAL is missing after/);
});

test('a position in a gap or behind the archive is refused, with how far the WAL goes', () => {
  assert.throws(() => planRestore(torn, { lsn: lsn(6) }), new RegExp(`is not archived: .* up to ${segmentName(5)}`));
  assert.throws(() => planRestore(whole, { lsn: lsn(13) }), new RegExp(`is not archived: .* up to ${segmentName(12)}`));
});

test('of a backup with its own WAL and no more, its own end alone', () => {
  const contents = makeContents({ backups: [b3, b8], segments: [segment(3), ...segments(8, 12)] });
  const newest = makeContents({ backups: [b3], segments: segments(3, 3) });
  assert.deepEqual(
    planRestore(newest, { time: minute(5) }, { lastEnd: 0n }).target,
    { latest: true },
    'WAL may still come',
  );
  assert.deepEqual(planRestore(contents, { time: b3.finishedAt }).target, { immediate: true });
  assert.throws(() => planRestore(contents, { time: minute(5) }), /only its own moment is kept\. Name /);
  assert.deepEqual(planRestore(contents, { backup: b3.name }).target, { immediate: true });
});

test('a backup that there is not is refused with those that there are', () => {
  assert.throws(
    () => planRestore(whole, { backup: 'base_000000010000000000000099' }),
    new RegExp(`there are: ${b3.name}, ${b8.name}`),
  );
  assert.throws(() => planRestore(makeContents({}), { latest: true }), /the store lists no base backup/);
});

test('what is read: the chain of the backup, and WAL from its start to the target', () => {
  const { wal, fetchBytes } = planRestore(whole, { lsn: lsn(6) });
  assert.deepEqual([wal?.from, wal?.to, wal?.segments], [b3.startSegment, segmentName(6), 4]);
  assert.equal(fetchBytes, b3.storedBytes);
  const all = planRestore(whole, { latest: true });
  assert.deepEqual([all.wal?.from, all.wal?.to], [b8.startSegment, segmentName(12)]);
  const own = planRestore(whole, { immediate: true });
  assert.deepEqual([own.wal?.from, own.wal?.to], [b8.startSegment, b8.finishSegment]);
});

test('looked into, the newest first: for a time the stretch of its backup, for a transaction all of them', () => {
  const names = (from: number, to: number) =>
    Array.from({ length: from - to + 1 }, (_, each) => segmentName(from - each));
  assert.deepEqual(listToSearch(whole, { time: minute(9) }), names(12, 8));
  assert.deepEqual(listToSearch(torn, { time: minute(5) }), names(5, 3));
  assert.deepEqual(listToSearch(torn, { xid: '7' }), [...names(12, 8), ...names(5, 3)]);
  for (const wanted of [{ xid: '7', backup: b3.name }, { latest: true as const }, { lsn: lsn(6) }])
    assert.deepEqual(listToSearch(whole, wanted), []);
});
