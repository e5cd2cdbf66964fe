// The rules over a Restore, sorted by id. Room: policy (pure).
import type { RestoreFacts } from '../restore-facts.ts';
import type { Rule } from '../rule.ts';
import { restoreDestinationTaken } from './restore/restore-destination-taken.ts';
import { restoreDumpUnknown } from './restore/restore-dump-unknown.ts';
import { restoreInstanceNeeded } from './restore/restore-instance-needed.ts';
import { restoreInstanceUnknown } from './restore/restore-instance-unknown.ts';
import { restoreSourceUnknown } from './restore/restore-source-unknown.ts';
import { restoreTargetEarly } from './restore/restore-target-early.ts';
import { restoreTargetFuture } from './restore/restore-target-future.ts';
import { restoreTargetInGap } from './restore/restore-target-in-gap.ts';
import { restoreTargetLate } from './restore/restore-target-late.ts';
import { restoreUnverified } from './restore/restore-unverified.ts';

export const RESTORE_RULES: readonly Rule<RestoreFacts>[] = [
  restoreDestinationTaken,
  restoreDumpUnknown,
  restoreInstanceNeeded,
  restoreInstanceUnknown,
  restoreSourceUnknown,
  restoreTargetEarly,
  restoreTargetFuture,
  restoreTargetInGap,
  restoreTargetLate,
  restoreUnverified,
];
