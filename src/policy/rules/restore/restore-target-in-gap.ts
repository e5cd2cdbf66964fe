// WAL is missing between the base backup before the target and the target. Room: policy (pure).
import { formatTime } from '../../../lib/recovery-window.ts';
import { describeWindow, findWindow, type RestoreFacts } from '../../restore-facts.ts';
import type { Rule } from '../../rule.ts';

export const restoreTargetInGap: Rule<RestoreFacts> = {
  id: 'restore-target-in-gap',
  since: '0.1.0',
  severity: 'deny',
  describe: 'The target of a Restore lies in a recovery window, and in no gap between two of them.',
  remedy: 'Name a time in one of the recovery windows that the message gives.',
  check: (facts) => {
    const stretches = findWindow(facts)?.stretches ?? [];
    const time = facts.spec.target?.time;
    if (time === undefined) return [];
    const target = Date.parse(time);
    const next = stretches.findIndex(({ from }) => Date.parse(from) > target);
    const before = stretches[(next < 0 ? stretches.length : next) - 1];
    if (before?.to === undefined || target <= Date.parse(before.to)) return [];
    const seen = `${formatTime(time)}, and WAL from after ${formatTime(before.to)} is missing`;
    const windows = stretches.map(describeWindow).join(', or ');
    return [{ field: 'spec.target.time', seen, remedy: `It can be restored to a time ${windows}.` }];
  },
};
