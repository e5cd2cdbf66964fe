// Backups that cross a network unencrypted. Room: policy (pure).
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Rule } from '../../rule.ts';

/** A Service of the cluster, a name without a dot, or the machine itself. */
const NEAR = /^http:\/\/([^/:.]+|[^/:]+\.svc(\.[^/:]+)?|127\.[0-9.]+|\[::1\])(:[0-9]+)?(\/|$)/;

export const storageInClear: Rule<PolicyFacts> = {
  id: 'storage-in-clear',
  since: '0.1.0',
  severity: 'warn',
  describe: 'A store outside the cluster is reached by https.',
  remedy: 'Write https.',
  check: ({ spec: { storage } }) => {
    const endpoint = storage.s3?.endpoint;
    if (endpoint === undefined || !endpoint.startsWith('http://') || NEAR.test(endpoint)) return [];
    return [
      {
        field: 'spec.storage.s3.endpoint',
        seen: 'an http URL to a server outside the cluster',
        remedy: 'Write https: base backups and WAL hold every row of the database.',
      },
    ];
  },
};
