// Who passes the archive settings, and what stands in the way of walguard's. Room: inject (pure).
import type { Container, StatefulSet } from '../api/kubernetes.ts';
import { ANNOTATION, ARCHIVE_SCRIPT } from '../api/names.ts';
import { readStart } from '../flavour/command.ts';
import type { FoundServer } from '../flavour/detect.ts';
import type { PlacedOption } from '../flavour/flavour.ts';
import { parseImage } from '../lib/image.ts';
import type { Reason } from '../lib/reason.ts';
import { didYouMean } from '../lib/similar.ts';

/**
 * managed: walguard passes them, and stays away from an archiver of the user's own.
 * take-over: walguard passes them, and they replace the user's.
 * external: the user passes them; the sidecar checks that Postgres really has them.
 */
export const SETTINGS_MODES = ['managed', 'take-over', 'external'] as const;
export type SettingsMode = (typeof SETTINGS_MODES)[number];

const FIELD = `metadata.annotations[${ANNOTATION.archiveSettings}]`;

export function readSettingsMode({ metadata }: StatefulSet): SettingsMode | Reason {
  const text = metadata.annotations?.[ANNOTATION.archiveSettings] ?? 'managed';
  const mode = SETTINGS_MODES.find((each) => each === text);
  return (
    mode ?? {
      code: 'archive-settings-unknown',
      field: FIELD,
      seen: `"${text}"`,
      remedy: `Write one of: ${SETTINGS_MODES.join(', ')}.${didYouMean(text, SETTINGS_MODES)}`,
    }
  );
}

interface Conflict {
  readonly test: (option: PlacedOption) => boolean;
  readonly code: string;
  readonly remedy: string;
  /** The modes in which it is one. */
  readonly modes: readonly SettingsMode[];
}

const TAKE_OVER = `To let walguard take its place, add the annotation ${ANNOTATION.archiveSettings}: take-over.`;

const CONFLICTS: readonly Conflict[] = [
  {
    test: ({ name, value }) =>
      /^archive_(command|library|cleanup_command)$/.test(name) && !value.includes(ARCHIVE_SCRIPT),
    code: 'archive-command-present',
    remedy: `This database is archived by something else already. ${TAKE_OVER}`,
    modes: ['managed', 'external'],
  },
  {
    test: ({ name }) => name === 'archive_mode',
    code: 'archive-mode-present',
    remedy: `Remove the setting; walguard sets archive_mode itself. ${TAKE_OVER}`,
    modes: ['managed'],
  },
  {
    test: ({ name, value }) => name === 'wal_level' && value.toLowerCase() === 'minimal',
    code: 'wal-level-minimal',
    remedy: 'Use wal_level=replica (the default) or logical; without it Postgres does not start with archiving on.',
    modes: SETTINGS_MODES,
  },
  {
    test: ({ name }) => name === 'data_directory',
    code: 'data-directory-argument',
    remedy:
      'Say where the data are by the variable PGDATA; the image prepares that directory, and walguard archives it.',
    modes: SETTINGS_MODES,
  },
];

/** Everything that stands in the way of the settings, in that mode. */
export function findSettingsObstacles(workload: StatefulSet, server: FoundServer, mode: SettingsMode): Reason[] {
  const { flavour, container, path, isStated } = server;
  const conflicts = flavour.listOptions(container, path).flatMap((option) =>
    CONFLICTS.filter(({ test, modes }) => modes.includes(mode) && test(option)).map(({ code, remedy }) => ({
      code,
      field: option.field,
      seen: `a setting of ${option.name}`,
      remedy,
    })),
  );
  return [
    ...(mode === 'external' ? [] : flavour.findUnreachable(container, path, isStated)),
    ...conflicts,
    ...(mode === 'take-over' ? [] : findCommandInScript(container, path)),
    ...(mode === 'managed' ? findOtherArchiver(workload, server) : []),
  ];
}

/** A script of the user's own is not read, but one thing in it is worth knowing before it is rewritten. */
function findCommandInScript(container: Container, path: string): Reason[] {
  if (readStart(container).kind !== 'shell') return [];
  const has = (words: readonly string[] | undefined) =>
    words?.some((word) => /\barchive_(command|library)\s*=/.test(word) && !word.includes(ARCHIVE_SCRIPT));
  return (['command', 'args'] as const)
    .filter((list) => has(container[list]))
    .map((list) => ({
      code: 'archive-command-present',
      field: `${path}.${list}`,
      seen: 'a script that sets archive_command',
      remedy: `This database is archived by something else already. ${TAKE_OVER}`,
    }));
}

const ARCHIVER_NAME = /^(wal-?[ge]|pgbackrest|barman|pg-?probackup)\b/;
const ARCHIVER_VARIABLE = /^(WALG_|WALE_|USE_WAL[EG]|WAL_S3_BUCKET$|WAL_GCS_BUCKET$|PGBACKREST_|BARMAN_)/;

/** Two archivers on one database: each takes the other's segments, and neither has all of them. */
function findOtherArchiver({ spec }: StatefulSet, { container, path }: FoundServer): Reason[] {
  const beside = (['initContainers', 'containers'] as const).flatMap((list) =>
    (spec.template.spec[list] ?? []).flatMap((each, index) =>
      isArchiver(each)
        ? [{ field: `spec.template.spec.${list}[${index}]`, seen: `"${each.name}", another archiver` }]
        : [],
    ),
  );
  const variable = container.env?.find(({ name, value }) => ARCHIVER_VARIABLE.test(name) && value !== 'false');
  const told = variable ? [{ field: `${path}.env[${variable.name}]`, seen: 'a setting of another archiver' }] : [];
  return [...beside, ...told].map((found) => ({
    code: 'other-archiver',
    ...found,
    remedy: `Remove it, or keep to it and say so in ${ANNOTATION.exempt}. ${TAKE_OVER}`,
  }));
}

function isArchiver({ name, image }: Container): boolean {
  return ARCHIVER_NAME.test(name ?? '') || ARCHIVER_NAME.test(parseImage(image ?? '').name);
}
