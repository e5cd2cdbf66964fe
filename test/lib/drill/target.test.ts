import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseMoment } from '../../../src/lib/drill/target.ts';

const at = (time: string) => `2026-11-21T${time}.000Z`;
const NOW = Date.parse(at('12:00:00'));
const CLOSED = { from: at('08:00:00'), to: at('09:00:00') };
const OPEN = { from: at('10:00:00') };
const ALONE = { from: at('07:00:00'), to: at('07:00:00') };

const choose = (
  target: 'latest' | 'random' | 'lag',
  windows: readonly { from: string; to?: string }[],
  random = 0,
  lagSeconds?: number,
) =>
  chooseMoment({ target, ...(lagSeconds === undefined ? {} : { lagSeconds }) }, windows, NOW, at('11:00:00'), random);

test('latest is latest, whatever there is', () => {
  for (const windows of [[], [CLOSED], [CLOSED, OPEN]])
    assert.deepEqual(choose('latest', windows), { target: { latest: true } });
});

test('a lag is that long before now; in a gap it is for the plan to refuse, and before all windows it is too old', () => {
  assert.deepEqual(choose('lag', [CLOSED, OPEN], 0, 3600), { target: { time: at('11:00:00') } });
  assert.deepEqual(choose('lag', [CLOSED, OPEN], 0, 9000), { target: { time: at('09:30:00') } });
  assert.deepEqual(choose('lag', [], 0, 3600), { target: { time: at('11:00:00') } });
  assert.ok('tooOld' in choose('lag', [CLOSED, OPEN], 0, 4 * 3600 + 1));
  assert.deepEqual(choose('lag', [CLOSED], 0, 4 * 3600), { target: { time: at('08:00:00') } });
});

test('random is any moment of the windows, by their lengths, and never one between them', () => {
  const windows = [ALONE, CLOSED, OPEN];
  assert.deepEqual(choose('random', windows, 0), { target: { time: at('08:00:00') } });
  assert.deepEqual(choose('random', windows, 0.25), { target: { time: at('08:30:00') } });
  assert.deepEqual(choose('random', windows, 0.5), { target: { time: at('10:00:00') } });
  assert.deepEqual(choose('random', windows, 0.75), { target: { time: at('10:30:00') } });
  for (let step = 0; step < 1000; step++) {
    const { target } = choose('random', windows, step / 1000) as { target: { time: string } };
    const isIn = [CLOSED, { ...OPEN, to: at('11:00:00') }].some(
      ({ from, to }) => from <= target.time && target.time <= to,
    );
    assert.ok(isIn, target.time);
  }
});

test('random, where there are single moments only, is one of them; where there is nothing, the plan says why', () => {
  const other = { from: at('06:00:00'), to: at('06:00:00') };
  assert.deepEqual(choose('random', [other, ALONE], 0.4), { target: { time: other.from } });
  assert.deepEqual(choose('random', [other, ALONE], 0.9), { target: { time: ALONE.from } });
  assert.deepEqual(choose('random', [], 0.9), { target: { latest: true } });
});
