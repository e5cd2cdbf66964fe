// The target lies in the future. Room: policy (pure).
import { formatTime } from '../../../lib/recovery-window.ts';
import { describeWindow, findWindow, type RestoreFacts } from '../../restore-facts.ts';
import type { Rule } from '../../rule.ts';

/** Clocks differ: who asks for "now" may be a little ahead. */
export const SKEW_MS = 60_000;

export const restoreTargetFuture: Rule<RestoreFacts> = {
  id: 'restore-target-future',
  since: '0.1.0',
  severity: 'deny',
  describe: 'The target of a Restore is a time that has passed.',
  remedy: 'Name a time in the recovery window that the message gives; mind the time zone.',
  check: (facts) => {
    const time = facts.spec.target?.time;
    if (time === undefined || !(Date.parse(time) > Date.parse(facts.now) + SKEW_MS)) return [];
    const window = findWindow(facts);
    const remedy = window ? `It can be restored to a time ${describeWindow(window)}.` : 'Name a time that has passed.';
    const seen = `${formatTime(time)}, in the future: it is ${formatTime(facts.now)}`;
    return [{ field: 'spec.target.time', seen, remedy }];
  },
};
