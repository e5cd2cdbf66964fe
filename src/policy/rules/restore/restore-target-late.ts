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
  remedy: 'It needs the running source to archive the rest first; where that is gone, name an earlier time.',
  check: (facts) => {
    const to = findWindow(facts)?.to;
    const target = Date.parse(facts.spec.target.time);
    if (to === undefined || !(target > Date.parse(to)) || target > Date.parse(facts.now) + SKEW_MS) return [];
    const seen = `${formatTime(facts.spec.target.time)}, and WAL is known to be archived up to ${formatTime(to)}`;
    const remedy = 'The source must be running to archive the rest; if it is not, name an earlier time.';
    return [{ field: 'spec.target.time', seen, remedy }];
  },
};
