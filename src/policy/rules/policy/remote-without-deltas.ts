// What is streamed holds no pages to compare with those of the backup before. Room: policy (pure).
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Rule } from '../../rule.ts';

export const remoteWithoutDeltas: Rule<PolicyFacts> = {
  id: 'remote-without-deltas',
  since: '0.1.0',
  severity: 'warn',
  describe: 'A policy asks for deltas only where base backups are taken beside the data.',
  remedy: 'Write method node or sidecar, or deltaSteps 0.',
  check: ({ spec: { baseBackup } }) => {
    if (baseBackup.method !== 'remote' || baseBackup.deltaSteps === 0) return [];
    return [
      {
        field: 'spec.baseBackup.deltaSteps',
        seen: `${baseBackup.deltaSteps}, and spec.baseBackup.method is remote`,
        remedy: 'Over the network every base backup is a full one: write method node or sidecar, or deltaSteps 0.',
      },
    ];
  },
};
