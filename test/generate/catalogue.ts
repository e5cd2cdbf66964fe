// The catalogue of codes: every rule, and every other code that walguard gives.
import { CODE_GROUPS } from '../../src/inject/codes.ts';
import type { Severity } from '../../src/policy/rule.ts';
import { POLICY_RULES } from '../../src/policy/rules/policy.ts';
import { POLICY_USE_RULES } from '../../src/policy/rules/policy-use.ts';
import { RESTORE_RULES } from '../../src/policy/rules/restore.ts';
import { WORKLOAD_RULES } from '../../src/policy/rules/workload.ts';
import { escapeText } from './blocks.ts';

/** A rule, or a code with its texts. */
export interface Entry {
  readonly id: string;
  readonly since: string;
  readonly severity?: Severity;
  readonly describe: string;
  readonly remedy: string;
}

export interface Section {
  readonly title: string;
  readonly intro: string;
  readonly entries: readonly Entry[];
}

export const CATALOGUE: readonly Section[] = [
  {
    title: 'Rules over BackupPolicies',
    intro: 'Asked when a BackupPolicy is applied, and by `walguard check`.',
    entries: POLICY_RULES,
  },
  {
    title: 'Rules over BackupPolicies in use',
    intro: 'Asked when a BackupPolicy that databases name is changed or deleted.',
    entries: POLICY_USE_RULES,
  },
  {
    title: 'Rules over databases',
    intro:
      'Asked when a StatefulSet that runs Postgres is applied. What becomes of a denial, the [mode of the namespace](../chart/README.md#modes) says.',
    entries: WORKLOAD_RULES,
  },
  {
    title: 'Rules over Restores',
    intro: 'Asked when a Restore is applied.',
    entries: RESTORE_RULES,
  },
  ...CODE_GROUPS.map(({ title, intro, codes }) => ({
    title,
    intro,
    entries: Object.entries(codes).map(([id, text]) => ({ id, ...text })),
  })),
];

const SEVERITY: Readonly<Record<Severity, string>> = { deny: 'denies', warn: 'warns' };

export function formatCatalogue(): string {
  return CATALOGUE.filter(({ entries }) => entries.length > 0)
    .map(({ title, intro, entries }) => [`### ${title}`, intro, ...entries.map(formatEntry)].join('\n\n'))
    .join('\n\n');
}

/** A heading, because its anchor is then the code. */
function formatEntry({ id, severity, since, describe, remedy }: Entry): string {
  const kind = severity === undefined ? '' : `, ${SEVERITY[severity]}`;
  return `#### ${id}\n\n${escapeText(describe)}\n**What to do:** ${escapeText(remedy)}\n*Since ${since}${kind}.*`;
}
