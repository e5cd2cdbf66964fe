// A password in a policy, which everybody may read. Room: policy (pure).
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Rule } from '../../rule.ts';

const CREDENTIALS = /^https?:\/\/[^/?#]*@/;

export const secretInUrl: Rule<PolicyFacts> = {
  id: 'secret-in-url',
  since: '0.1.0',
  severity: 'deny',
  describe: 'No URL in a policy carries a user name or a password.',
  remedy: 'Take them out of the URL: a policy is no Secret.',
  check: ({ spec: { storage, metrics } }) => {
    const urls = [
      {
        field: 'spec.storage.s3.endpoint',
        url: storage.s3?.endpoint,
        instead: 'The store takes those of credentialsSecret.',
      },
      {
        field: 'spec.metrics.pushgateway.url',
        url: metrics?.pushgateway?.url,
        instead: 'Let a proxy in the cluster add them.',
      },
    ];
    return urls
      .filter(({ url }) => url !== undefined && CREDENTIALS.test(url))
      .map(({ field, instead }) => ({
        field,
        seen: 'a URL with a user name or password in it, which everybody may read who may list policies',
        remedy: `Remove them, and change that password. ${instead}`,
      }));
  },
};
