// Sections that are kept and checked, and not yet acted upon: said, so that nobody relies on them. Room: policy (pure).
import type { CompletePolicySpec } from '../../../api/backup-policy.ts';
import { offerLifecycleRule } from '../../lifecycle-rule.ts';
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Rule } from '../../rule.ts';

interface Section {
  readonly field: string;
  /** After "this version of walguard". */
  readonly does: string;
  /** A sentence: what to do meanwhile. */
  readonly instead?: string | ((spec: CompletePolicySpec) => string);
  /** Beyond the defaults, which an API server writes into every policy. */
  readonly isAsked: (spec: CompletePolicySpec) => boolean;
}

const SECTIONS: readonly Section[] = [
  {
    field: 'spec.storage.s3.lifecycleRule',
    does: "neither sets nor looks at the bucket's rules",
    instead: ({ storage }) =>
      storage.s3
        ? `Set it yourself: ${offerLifecycleRule(storage.s3)}; a bucket has one configuration, so its other rules belong into it.`
        : '',
    isAsked: ({ storage }) => storage.s3?.lifecycleRule !== undefined,
  },
  {
    field: 'spec.health',
    does: 'looks at archiving only',
    isAsked: ({ health }) =>
      health.interval !== '60s' || health.failureThreshold !== 3 || (health.logPatterns ?? []).length > 0,
  },
  {
    field: 'spec.recovery',
    does: 'recovers no database by itself',
    instead: 'Make a Restore.',
    isAsked: ({ recovery }) => recovery.mode !== 'off',
  },
  {
    field: 'spec.alerts',
    does: 'turns conditions by it, and tells nobody',
    instead: 'Watch the conditions of each ProtectedDatabase.',
    isAsked: ({ alerts }) => alerts !== undefined,
  },
  { field: 'spec.notify', does: 'tells nobody', isAsked: ({ notify = [] }) => notify.length > 0 },
];

const NOT_YET = 'not carried out yet: this version of walguard';

export const notCarriedOut: Rule<PolicyFacts> = {
  id: 'not-carried-out',
  since: '0.1.0',
  severity: 'warn',
  describe: 'A policy asks only for what this version of walguard carries out.',
  remedy: 'Do not rely on the section until a later version carries it out.',
  check: ({ spec }) =>
    SECTIONS.filter(({ isAsked }) => isAsked(spec)).map(({ field, does, instead }) => ({
      field,
      seen: `${NOT_YET} ${does}`,
      remedy: typeof instead === 'function' ? instead(spec) : (instead ?? 'Do not rely on it.'),
    })),
};
