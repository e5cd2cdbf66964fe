// Codes of the two webhooks' answers that are no fault of the object: in audit annotations, the log and the metric.
// Room: inject (pure).
import type { CodeGroup } from './code-group.ts';

const NOTHING = 'Nothing is to be done.';

export const ANSWERS: CodeGroup = {
  title: 'Answers',
  intro:
    "One word for each admission: the audit annotation of the API server's log, the field code of walguard's log, and the label code of the metric walguard_admission_reviews_total. Where more is to be said, it is a code from above.",
  codes: {
    'being-deleted': {
      since: '0.1.0',
      describe: 'The object is being deleted, so whatever is done to it is let through.',
      remedy: NOTHING,
    },
    'carried-over': {
      since: '0.1.0',
      describe: 'The pod template is unchanged, so its injection stays as it was stored, byte for byte.',
      remedy: NOTHING,
    },
    exempt: {
      since: '0.1.0',
      describe: 'The database names no policy, and an exemption with a written reason holds.',
      remedy: 'See that the date in walguard.dev/exempt-until is right.',
    },
    fault: {
      since: '0.1.0',
      describe: 'walguard stumbled over something that nobody thought of; the webhook let the object through.',
      remedy: 'Compare the manifest with the Kubernetes API; if it is right, report this as a bug of walguard.',
    },
    injected: {
      since: '0.1.0',
      describe: 'Archiving is written into the pod template.',
      remedy: NOTHING,
    },
    'no-policy': {
      since: '0.1.0',
      describe: 'No policy is named, so nothing is injected, and what was is taken out.',
      remedy: NOTHING,
    },
    patched: {
      since: '0.1.0',
      describe: 'The mutating webhook changed the object.',
      remedy: NOTHING,
    },
    protected: {
      since: '0.1.0',
      describe: 'A policy is named, and archiving is injected.',
      remedy: NOTHING,
    },
    unchanged: {
      since: '0.1.0',
      describe: 'The mutating webhook left the object as it was.',
      remedy: NOTHING,
    },
  },
};
