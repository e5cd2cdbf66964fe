// What each code means that is not a rule's id: the texts of the catalogue in policies/README.md. Room: inject (pure).
import { ANSWERS } from './codes/answers.ts';
import type { CodeGroup } from './codes/code-group.ts';
import { DATABASE } from './codes/database.ts';
import { LEFT_ALONE } from './codes/left-alone.ts';
import { NAMESPACE } from './codes/namespace.ts';
import { REQUESTER } from './codes/requester.ts';
import { SETTINGS } from './codes/settings.ts';
import { VERIFICATION } from './codes/verification.ts';

/** In the order of the catalogue; a code is in one group. `test/docs/codes.test.ts` holds them against the source. */
export const CODE_GROUPS: readonly CodeGroup[] = [
  DATABASE,
  SETTINGS,
  NAMESPACE,
  REQUESTER,
  LEFT_ALONE,
  ANSWERS,
  VERIFICATION,
];
