// Sections that are kept and checked, and not yet acted upon: said, so that nobody relies on them. Room: policy (pure).
import type { CompletePolicySpec } from '../../../api/backup-policy.ts';
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Rule } from '../../rule.ts';

interface Section {
  readonly field: string;
  /** After "this version of walguard". */
  readonly does: string;
  /** A sentence: what to do meanwhile. */
  readonly instead?: string;
  /** Beyond the defaults, which an API server writes into every policy. */
  readonly isAsked: (spec: CompletePolicySpec) => boolean;
}

const SECTIONS: readonly Section[] = [
  {
    field: 'spec.storage.s3.serverSideEncryption',
    does: 'does not ask the store to encrypt',
    instead: "Turn on the bucket's own default encryption.",
    isAsked: ({ storage }) => storage.s3?.serverSideEncryption !== undefined,
  },
  {
    field: 'spec.storage.s3.lifecycleRule',
    does: "neither sets nor looks at the bucket's rules",
    instead: 'Set the rule at the bucket.',
    isAsked: ({ storage }) => storage.s3?.lifecycleRule !== undefined,
  },
  {
    field: 'spec.archive.switchAtLeastEvery',
    does: 'closes no segment of an idle database',
    isAsked: ({ archive }) => archive.switchAtLeastEvery !== undefined,
  },
  {
    field: 'spec.archive.onStorageFull',
    does: 'always keeps every segment, as block says',
    isAsked: ({ archive }) => archive.onStorageFull !== 'block',
  },
  {
    field: 'spec.baseBackup.method',
    does: "takes base backups on the database's node, as node says",
    isAsked: ({ baseBackup }) => baseBackup.method !== 'node',
  },
  {
    field: 'spec.baseBackup.from',
    does: 'reads the primary',
    isAsked: ({ baseBackup }) => baseBackup.from !== 'primary',
  },
  {
    field: 'spec.baseBackup.deltaSteps',
    does: 'takes full base backups only',
    isAsked: ({ baseBackup }) => baseBackup.deltaSteps > 0,
  },
  { field: 'spec.retention', does: 'removes no backup', isAsked: ({ retention }) => retention !== undefined },
  { field: 'spec.verify', does: 'verifies nothing by a schedule', isAsked: ({ verify }) => verify !== undefined },
  { field: 'spec.drills', does: 'runs no drill', isAsked: ({ drills = [] }) => drills.length > 0 },
  { field: 'spec.dump', does: 'takes no dump', isAsked: ({ dump }) => dump !== undefined },
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
    does: 'sends no alert',
    instead: 'Watch the conditions of each ProtectedDatabase.',
    isAsked: ({ alerts }) => alerts !== undefined,
  },
  { field: 'spec.notify', does: 'tells nobody', isAsked: ({ notify = [] }) => notify.length > 0 },
  { field: 'spec.metrics', does: 'pushes no metric', isAsked: ({ metrics }) => metrics?.pushgateway !== undefined },
];

export const notCarriedOut: Rule<PolicyFacts> = {
  id: 'not-carried-out',
  since: '0.1.0',
  severity: 'warn',
  describe: 'A policy asks only for what this version of walguard carries out.',
  remedy: 'Do not rely on the section until a later version carries it out.',
  check: ({ spec }) =>
    SECTIONS.filter(({ isAsked }) => isAsked(spec)).map(({ field, does, instead }) => ({
      field,
      seen: `not carried out yet: this version of walguard ${does}`,
      remedy: instead ?? 'Do not rely on it.',
    })),
};
