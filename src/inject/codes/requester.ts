// Codes that are about who asked for a Restore, from policies/admission: they hold while the webhook is down. Room: inject (pure).
import type { CodeGroup } from './code-group.ts';

export const REQUESTER: CodeGroup = {
  title: 'Who asked for a Restore',
  intro:
    'Refused by the ValidatingAdmissionPolicies of `admission/`, when a Restore is applied while the webhook is down.',
  codes: {
    'requester-changed': {
      since: '0.1.0',
      describe: 'The annotation walguard.dev/requested-by of a Restore stays what it was.',
      remedy: 'Leave it as it was.',
    },
    'requester-forged': {
      since: '0.1.0',
      describe: 'The annotation walguard.dev/requested-by of a new Restore names nobody but the user who makes it.',
      remedy: 'Leave it out: walguard writes it.',
    },
  },
};
