// There is no base backup from before the target. Room: policy (pure).
import { formatTime } from '../../../lib/recovery-window.ts';
import { describeWindow, findWindow, type RestoreFacts } from '../../restore-facts.ts';
import type { Rule } from '../../rule.ts';

export const restoreTargetEarly: Rule<RestoreFacts> = {
  id: 'restore-target-early',
  since: '0.1.0',
  severity: 'deny',
  describe: 'A base backup of the source was finished before the target of a Restore.',
  remedy: 'Name a time in the recovery window that the message gives.',
  check: (facts) => {
    const window = findWindow(facts);
    const time = facts.spec.target?.time;
    if (!window || time === undefined || !(Date.parse(time) < Date.parse(window.from))) return [];
    const seen = `${formatTime(time)}, before its first base backup was finished`;
    return [{ field: 'spec.target.time', seen, remedy: `It can be restored to a time ${describeWindow(window)}.` }];
  },
};
