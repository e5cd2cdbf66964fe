// Codes of what stands in the way of walguard's own parts and settings in the template. Room: inject (pure).
import type { CodeGroup } from './code-group.ts';

export const SETTINGS: CodeGroup = {
  title: 'Why a database cannot be injected: its settings and names',
  intro:
    'Nothing of yours is overwritten: what is set already, or is called as something of walguard, is a reason to refuse.',
  codes: {
    'archive-command-present': {
      since: '0.1.0',
      describe: 'No archive_command, archive_library or archive_cleanup_command is set.',
      remedy: "Remove it, or let walguard's replace it with walguard.dev/archive-settings: take-over.",
    },
    'archive-mode-present': {
      since: '0.1.0',
      describe: 'archive_mode is left to walguard.',
      remedy: 'Remove the setting.',
    },
    'archive-settings-unknown': {
      since: '0.1.0',
      describe: 'walguard.dev/archive-settings is a value that walguard knows.',
      remedy: 'Write managed, take-over or external.',
    },
    'data-directory-argument': {
      since: '0.1.0',
      describe: 'The data directory is given by PGDATA and not by the option data_directory.',
      remedy: 'Use PGDATA; the image prepares that directory, and walguard archives it.',
    },
    malformed: {
      since: '0.1.0',
      describe: 'The object has the shape that the Kubernetes API wants.',
      remedy: 'Correct the field that the message names.',
    },
    'mount-taken': {
      since: '0.1.0',
      describe: 'Nothing else is mounted at /walguard.',
      remedy: 'Mount it elsewhere.',
    },
    'name-missing': {
      since: '0.1.0',
      describe: 'The StatefulSet has a name, under which its backups are kept; generateName makes one too late.',
      remedy: 'Give it a name.',
    },
    'name-taken': {
      since: '0.1.0',
      describe: "No container or volume of yours is called as walguard's own.",
      remedy: 'Rename it.',
    },
    'other-archiver': {
      since: '0.1.0',
      describe: 'No second archiver works on the database: each would take WAL that the other needs.',
      remedy: 'Remove it, or keep to it and say so in walguard.dev/exempt.',
    },
    uneditable: {
      since: '0.1.0',
      describe: 'For walguard inject: the manifest is written in a way that can be changed in place.',
      remedy: 'Write out anchors, aliases and merge keys, one key to a line.',
    },
    'wal-level-minimal': {
      since: '0.1.0',
      describe: 'wal_level is replica or logical.',
      remedy: 'Remove the setting; with minimal, Postgres does not start while archiving is on.',
    },
  },
};
