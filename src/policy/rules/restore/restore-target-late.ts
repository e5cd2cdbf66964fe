// The target is newer than what is archived. Room: policy (pure).
import { formatTime } from '../../../lib/recovery-window.ts';
import { findWindow, type RestoreFacts } from '../../restore-facts.ts';
import type { Rule } from '../../rule.ts';
import { SKEW_MS } from './restore-target-future.ts';

export const restoreTargetLate: Rule<RestoreFacts> = {
  id: 'restore-target-late',
  since: '0.1.0',
  severity: 'warn',
  describe: 'WAL was archived after the target of a Restore.',
  remedy: 'A running source archives the rest first; where it is gone, what is archived is all that comes back.',
  check: (facts) => {
    const to = findWindow(facts)?.to;
    const time = facts.spec.target?.time;
    if (time === undefined) return [];
    const target = Date.parse(time);
    if (to === undefined || !(target > Date.parse(to)) || target > Date.parse(facts.now) + SKEW_MS) return [];
    const seen = `${formatTime(time)}, and WAL is known to be archived up to ${formatTime(to)}`;
    const remedy = 'A running source archives the rest first; if it is gone, the copy ends where the archive does.';
    return [{ field: 'spec.target.time', seen, remedy }];
  },
};
