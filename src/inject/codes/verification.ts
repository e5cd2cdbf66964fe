// Codes of what a verification of the store finds. Room: inject (pure).
import type { CodeGroup } from './code-group.ts';

export const VERIFICATION: CodeGroup = {
  title: 'Findings of a verification',
  intro:
    'In `status.instances[].lastVerification` of a ProtectedDatabase. While there are any, its condition `WALIntegrityCheckPassed` is False.',
  codes: {
    'archived-not-stored': {
      since: '0.1.0',
      describe: 'What Postgres was told is archived is in the store; here the newest of it is not.',
      remedy:
        "Find out who removed it: a rule of the bucket, a person, an archive_command that is not walguard's. A fresh base backup is made by itself.",
    },
    'backup-damaged': {
      since: '0.1.0',
      describe: 'The parts of a base backup have at least the bytes that were written.',
      remedy: 'Find out who removed or cut them. A restore leaves this backup out, and takes the one before it.',
    },
    'backup-incomplete': {
      since: '0.1.0',
      describe: 'A base backup that was finished has its sentinel, the file that the engine reads first.',
      remedy: 'Find out who removed or cut it. A restore leaves this backup out, and takes the one before it.',
    },
    'history-missing': {
      since: '0.1.0',
      describe: 'The history of each timeline is stored: by it a recovery finds the way over a promotion.',
      remedy: 'Look into pg_wal of all members for the file that is named; if it is nowhere, take a base backup.',
    },
    more: {
      since: '0.1.0',
      describe: 'There is more than fits into the status.',
      remedy: "Read the log of the verification's job.",
    },
    'no-base-backup': {
      since: '0.1.0',
      describe: 'The store has a base backup from which the database can be restored.',
      remedy: 'Look at the last base-backup job of the database. One is made by itself as soon as archiving works.',
    },
    'parent-missing': {
      since: '0.1.0',
      describe: 'A delta has all the base backups that it builds on.',
      remedy:
        'Find out who removed them. A restore leaves this delta out, and takes the last backup before it that is whole.',
    },
    'store-ahead': {
      since: '0.1.0',
      describe: 'The store has nothing newer than what Postgres writes.',
      remedy:
        'Make sure that no second server archives to the same place. If the volume was set back to an older state, restore from the store instead.',
    },
    'wal-gap': {
      since: '0.1.0',
      describe: 'WAL is stored without a gap for as long as the recovery window promises.',
      remedy:
        'Find out who removed it. A fresh base backup is made by itself; status.recoveryWindows tells which moments can be restored.',
    },
    'wal-missing-for-backup': {
      since: '0.1.0',
      describe: 'The WAL that a base backup needs by itself, from its start to its finish, is stored.',
      remedy: 'Find out who removed it. A restore leaves this backup out, and takes the one before it.',
    },
    'wrong-cluster': {
      since: '0.1.0',
      describe: 'Below the prefix of a cluster there are base backups of this cluster alone.',
      remedy: 'Find out who writes there; give that one a prefix of its own.',
    },
  },
};
