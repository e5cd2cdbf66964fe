// policies/README.md: its tables are made from the policies, the schema and the rules; the rest is written by people.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fillBlocks, table } from './blocks.ts';
import { listNotCarriedOut, worksOf } from './carried-out.ts';
import { formatCatalogue } from './catalogue.ts';
import { formatFields } from './fields.ts';
import { type GeneratedFiles, ROOT } from './files.ts';
import { listReadyPolicies, type ReadyPolicy } from './ready-policies.ts';

const PATH = 'policies/README.md';

export function buildPoliciesReadme(): GeneratedFiles {
  const blocks = {
    'ready-policies': formatReadyPolicies(),
    fields: formatFields(worksOf),
    catalogue: formatCatalogue(),
  };
  return new Map([[PATH, fillBlocks(readFileSync(join(ROOT, PATH), 'utf8'), blocks)]]);
}

function formatReadyPolicies(): string {
  const rows = listReadyPolicies().map((policy) => [
    `[\`${policy.name}\`](${policy.name}.yaml)`,
    policy.serves,
    formatNotYet(policy),
  ]);
  return table(['policy', 'whom it serves', 'not carried out yet'], rows);
}

function formatNotYet({ ownSpec }: ReadyPolicy): string {
  return listNotCarriedOut(ownSpec)
    .map((path) => `\`${path.replace(/^spec\./, '')}\``)
    .join(', ');
}
