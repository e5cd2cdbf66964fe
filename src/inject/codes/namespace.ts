// Codes that are about a namespace, from policies/admission: a program of ours is not asked about one. Room: inject (pure).
import type { CodeGroup } from './code-group.ts';

export const NAMESPACE: CodeGroup = {
  title: 'Namespaces',
  intro: 'Warned of by the ValidatingAdmissionPolicies of `admission/`, when a namespace is applied.',
  codes: {
    'mode-unknown': {
      since: '0.1.0',
      describe: 'The label walguard.dev/mode of a namespace is a mode; with any other value it counts as absent.',
      remedy: 'Write enforce, warn, audit or "off" (in quotes).',
    },
  },
};
