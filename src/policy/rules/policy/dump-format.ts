// A format that the tool does not have. Room: policy (pure).
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Rule } from '../../rule.ts';

export const dumpFormat: Rule<PolicyFacts> = {
  id: 'dump-format',
  since: '0.1.0',
  severity: 'deny',
  describe: 'The custom format is asked of pg_dump only; pg_dumpall writes SQL.',
  remedy: 'Write tool: pg_dump, or format: gzip.',
  check: ({ spec: { dump } }) => {
    if (dump?.tool !== 'pg_dumpall' || dump.format !== 'custom') return [];
    return [
      {
        field: 'spec.dump.format',
        seen: 'custom, and pg_dumpall writes SQL only',
        remedy: 'Write format: gzip, or tool: pg_dump, which dumps each database by itself, and the roles beside them.',
      },
    ];
  },
};
