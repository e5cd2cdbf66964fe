// Archiving goes into a running database, or out of it, with one restart. Room: policy (pure).
import type { Rule } from '../../rule.ts';
import type { WorkloadFacts } from '../../workload-facts.ts';

/** archive_mode is read when Postgres starts, so these are the only times that walguard's change restarts one. */
const TEXTS = {
  enters: { seen: 'changed: archiving is added', remedy: 'The pods restart once, one after another.' },
  leaves: {
    seen: 'changed: archiving is taken out',
    remedy: 'The pods restart once, and no WAL is archived from then on.',
  },
  changes: {
    seen: 'changed: archiving follows another policy',
    remedy: 'The pods restart once, one after another.',
  },
} as const;

export const restartFollows: Rule<WorkloadFacts> = {
  id: 'restart-follows',
  since: '0.1.0',
  severity: 'warn',
  describe: 'The update of a running database does not change what walguard adds to it.',
  remedy: 'Nothing is to be done; it is said so that the one restart is no surprise.',
  check: ({ restart }) => (restart === undefined ? [] : [{ field: 'spec.template', ...TEXTS[restart] }]),
};
