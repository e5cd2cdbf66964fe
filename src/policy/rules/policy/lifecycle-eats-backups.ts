// The store's own rule removes what walguard keeps. Room: policy (pure).
import { formatDurationSeconds, parseDurationSeconds } from '../../../lib/duration.ts';
import type { PolicyFacts } from '../../policy-facts.ts';
import { listReaches } from '../../reach.ts';
import type { Rule } from '../../rule.ts';
import { runsOf } from '../../runs.ts';

const DAY_SECONDS = 86_400;

export const lifecycleEatsBackups: Rule<PolicyFacts> = {
  id: 'lifecycle-eats-backups',
  since: '0.1.0',
  severity: 'deny',
  describe: 'The store removes nothing by itself that the policy keeps.',
  remedy: 'Let lifecycleRule.expireAfterDays be longer than anything that is kept, or remove it.',
  check: ({ spec }) => {
    const days = spec.storage.s3?.lifecycleRule?.expireAfterDays;
    if (days === undefined) return [];
    const [longest] = listNeeds(spec).toSorted((a, b) => b.seconds - a.seconds);
    if (longest === undefined || days * DAY_SECONDS > longest.seconds) return [];
    return [
      {
        field: 'spec.storage.s3.lifecycleRule.expireAfterDays',
        seen: `${days}, and ${longest.why} needs objects up to ${formatDurationSeconds(longest.seconds)} old`,
        remedy: `Set it to ${Math.floor(longest.seconds / DAY_SECONDS) + 1} or more, or remove it.`,
      },
    ];
  },
};

/** The base backup that a moment is restored from is older than the moment. */
function listNeeds(spec: PolicyFacts['spec']): { readonly why: string; readonly seconds: number }[] {
  const gap = runsOf(spec, 'baseBackup')[0]?.gaps?.longest ?? 0;
  const window = spec.retention?.recoveryWindow;
  const { dump } = spec;
  return [
    { why: 'spec.baseBackup.schedule', seconds: gap },
    ...(window === undefined
      ? []
      : [{ why: 'spec.retention.recoveryWindow', seconds: parseDurationSeconds(window) + gap }]),
    ...listReaches(spec).map(({ line, seconds }) => ({ why: `spec.retention.${line}`, seconds })),
    ...(dump?.destination.storage ? [{ why: 'spec.dump.keep', seconds: parseDurationSeconds(dump.keep) }] : []),
  ];
}
