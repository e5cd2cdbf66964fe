// Codes of what is none of walguard's business, with the reason. Room: inject (pure).
import type { CodeGroup } from './code-group.ts';

export const LEFT_ALONE: CodeGroup = {
  title: 'What is left alone',
  intro: 'These objects are let in as they are, whatever the mode.',
  codes: {
    'kind-unguarded': {
      since: '0.1.0',
      describe: 'For walguard check: only StatefulSets of apps/v1 are guarded.',
      remedy: 'If it runs a database, run it as a StatefulSet.',
    },
    'not-postgres': {
      since: '0.1.0',
      describe: 'No container of the StatefulSet is a Postgres server.',
      remedy: 'If one is, name it in walguard.dev/container, and how it is started in walguard.dev/flavour.',
    },
    'operator-owned': {
      since: '0.1.0',
      describe: 'The StatefulSet belongs to an operator, which would undo any change.',
      remedy: "Use that operator's own backups.",
    },
  },
};
