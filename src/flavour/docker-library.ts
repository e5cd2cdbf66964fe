// The docker-library family: the official image and those built FROM it that keep its entrypoint. Room: flavour (pure).
// Source: docker-library/postgres and the Dockerfiles of the images named here.
import type { Container } from '../api/kubernetes.ts';
import { ANNOTATION, POSTGRES_PORT } from '../api/names.ts';
import { type ImageReference, parseImage } from '../lib/image.ts';
import type { Reason } from '../lib/reason.ts';
import { listServerOptions } from '../lib/server-options.ts';
import { findEntry, readVariable, resolveVariable } from '../lib/variables.ts';
import { baseName, readStart, wordsOf } from './command.ts';
import {
  type Channel,
  type Environment,
  EXTERNAL_SETTINGS,
  type Flavour,
  firstOf,
  type Identity,
  type Login,
  type PlacedOption,
  standbyOnly,
} from './flavour.ts';

const ENTRYPOINT = 'docker-entrypoint.sh';

/** Up to PG 17 the image's PGDATA and VOLUME; from PG 18 the VOLUME is its parent and PGDATA has the major in it. */
const DATA_DIR = '/var/lib/postgresql/data';
const DATA_PARENT = '/var/lib/postgresql';

/** Programs that are Postgres; others that run it have options of their own. */
const POSTGRES = new Set(['postgres', 'postmaster']);

interface Variant {
  /** Of the repository, at its end: mirrors keep that. */
  readonly repository: RegExp;
  /** The image's own CMD, which args replace; `unknown` where it differs between tags. */
  readonly imageArguments?: readonly string[] | 'unknown';
  readonly identity?: Identity | 'unknown';
  readonly pgdata?: string;
  readonly hasNoVolume?: boolean;
  /** Its tags begin with the version of an extension, not of Postgres. */
  readonly isExtension?: boolean;
  /** What the image sets POSTGRES_USER to. */
  readonly user?: string;
}

const DEBIAN: Identity = { uid: 999, gid: 999 };
const ALPINE: Identity = { uid: 70, gid: 70 };

/** The first that fits. Where nothing else is said: CMD ["postgres"], uid 999, and 70 where a tag says Alpine. */
const VARIANTS: readonly Variant[] = [
  {
    repository: /(^|\/)immich-app\/postgres$/,
    imageArguments: ['postgres', '-c', 'config_file=/etc/postgresql/postgresql.conf'],
  },
  {
    repository: /(^|\/)supabase\/postgres$/,
    imageArguments: ['postgres', '-D', '/etc/postgresql'],
    identity: 'unknown',
    hasNoVolume: true,
    user: 'supabase_admin',
  },
  {
    repository: /(^|\/)apache\/age$/,
    imageArguments: ['postgres', '-c', 'shared_preload_libraries=age'],
    isExtension: true,
  },
  { repository: /(^|\/)(pgvecto-rs|vchord-postgres|vchord-suite)$/, imageArguments: 'unknown', isExtension: true },
  {
    repository: /(^|\/)timescaledb-ha$/,
    identity: { uid: 1000, gid: 1000 },
    pgdata: '/home/postgres/pgdata/data',
    hasNoVolume: true,
    isExtension: true,
  },
  // Alpine without saying so in its tags.
  { repository: /(^|\/)timescaledb(-oss)?$/, identity: ALPINE, isExtension: true },
  { repository: /(^|\/)(pgvector|citus|paradedb)$/, isExtension: true },
  { repository: /(^|\/)(postgres|postgis)$/ },
];

function findVariant({ repository }: ImageReference): Variant | undefined {
  return VARIANTS.find((variant) => variant.repository.test(repository));
}

function variantOf(container: Container): Variant | undefined {
  return findVariant(parseImage(container.image ?? ''));
}

function startsServer(container: Container): boolean {
  const start = readStart(container);
  return start.kind === 'image' || start.kind === 'server' || (start.kind === 'shell' && start.startsServer);
}

/** Majors that there are; a private image's own version is mostly outside. */
const MAJORS = { from: 9, to: 19 };

function majorOf(container: Container): number | undefined {
  const { tag = '' } = parseImage(container.image ?? '');
  const leads = !variantOf(container)?.isExtension;
  // `pg15` first: in `2.11.2-pg15` and `0.8.0-pg17` the leading number is the extension's own version.
  const stated = /pg(\d{1,2})(?=$|[._-])/i.exec(tag) ?? (leads ? /^(\d{1,2})(?=$|[.-]|beta|rc)/.exec(tag) : null);
  const major = Number(readVariable(container, 'PG_MAJOR') ?? stated?.[1] ?? Number.NaN);
  return major >= MAJORS.from && major <= MAJORS.to ? Math.trunc(major) : undefined;
}

function pgdata(container: Container): string | undefined {
  const variable = resolveVariable(container, 'PGDATA');
  if (variable.kind === 'unknown') return undefined;
  if (variable.kind === 'value') return variable.value;
  const own = variantOf(container)?.pgdata;
  if (own !== undefined) return own;
  const major = majorOf(container);
  if (major !== undefined) return major >= 18 ? `${DATA_PARENT}/${major}/docker` : DATA_DIR;
  // A tag without a version (latest, a digest): a volume mounted at the old place is only right for the old layout.
  return container.volumeMounts?.some(({ mountPath }) => mountPath === DATA_DIR) ? DATA_DIR : undefined;
}

/** Supabase's and timescaledb-ha's Dockerfiles declare none. */
function imageVolume(container: Container): string | undefined {
  const variant = variantOf(container);
  if (!variant || variant.hasNoVolume) return undefined;
  return (majorOf(container) ?? 0) >= 18 ? DATA_PARENT : DATA_DIR;
}

/** A digest alone does not tell Debian from Alpine. */
function identity(container: Container): Identity | undefined {
  const own = variantOf(container)?.identity;
  if (own === 'unknown') return undefined;
  const { tag, digest } = parseImage(container.image ?? '');
  if (own || (tag === undefined && digest !== undefined)) return own;
  // Their uid is the distribution's.
  if (tag?.includes('rootless')) return undefined;
  return tag?.includes('alpine') ? ALPINE : DEBIAN;
}

/** But for the image's own, written out. */
function listOptions(container: Container, path: string): PlacedOption[] {
  const { imageArguments } = variantOf(container) ?? {};
  const own = listServerOptions(imageArguments === 'unknown' ? [] : (imageArguments ?? []));
  return (['command', 'args'] as const).flatMap((list) =>
    listServerOptions(container[list] ?? [])
      .filter(({ name, value }) => !own.some((each) => each.name === name && each.value === value))
      .map((option) => ({ ...option, field: `${path}.${list}[${option.index}]` })),
  );
}

const OR_EXTERNAL = `Or pass ${EXTERNAL_SETTINGS} yourself, and add ${ANNOTATION.archiveSettings}: external.`;

/** Arguments reach the server where the entrypoint or postgres itself is started with `postgres` or an option. */
function findUnreachable(container: Container, path: string): Reason[] {
  const start = readStart(container);
  if (start.kind === 'image') return findUnknownArguments(container, path);
  const [program = '', second = ''] = wordsOf(container);
  const isEntrypoint = baseName(program) === ENTRYPOINT;
  const reached = isEntrypoint ? second : program;
  if (start.kind === 'server' && (reached === '' || reached.startsWith('-') || POSTGRES.has(baseName(reached))))
    return [];
  const commands = container.command?.length ?? 0;
  if (commands > 0 && !isEntrypoint) {
    return [
      {
        code: 'command-unreachable',
        field: `${path}.command`,
        seen: JSON.stringify(program),
        remedy: `walguard passes settings as arguments; start Postgres by the image's own entrypoint (drop command, or make it ["${ENTRYPOINT}"]) and put the options in args. ${OR_EXTERNAL}`,
      },
    ];
  }
  return [
    {
      code: 'arguments-unreachable',
      field: isEntrypoint && commands > 1 ? `${path}.command[1]` : `${path}.args[0]`,
      seen: JSON.stringify(reached),
      remedy: `Make the arguments begin with "postgres" or with an option such as "-c". ${OR_EXTERNAL}`,
    },
  ];
}

/** Ours would take the place of options that the image cannot do without. */
function findUnknownArguments(container: Container, path: string): Reason[] {
  if ((container.args ?? []).length > 0 || variantOf(container)?.imageArguments !== 'unknown') return [];
  return [
    {
      code: 'image-arguments-unknown',
      field: `${path}.args`,
      seen: `absent, and ${container.image} has a CMD that differs between its versions`,
      remedy: 'Write the CMD of this version into args (see the image), so that walguard can add to it.',
    },
  ];
}

/** Immich's image reads its own names where the official ones are absent. */
const USERS = ['POSTGRES_USER', 'DB_USERNAME'];
const PASSWORDS = ['POSTGRES_PASSWORD', 'DB_PASSWORD'];
const PASSWORD_FILES = PASSWORDS.map((name) => `${name}_FILE`);

function login(env: Environment): Login {
  const password = firstOf(env, PASSWORDS);
  const passwordFile = firstOf(env, PASSWORD_FILES);
  return {
    user: firstOf(env, USERS) ?? 'postgres',
    ...(password === undefined ? {} : { password }),
    ...(passwordFile === undefined ? {} : { passwordFile }),
  };
}

/** Replication in the options: a standby, whose primary is what has to be archived. */
function findObstacles(container: Container, path: string): Reason[] {
  const option = listOptions(container, path).find(({ name }) => name === 'primary_conninfo');
  return option ? [standbyOnly(option.field, 'primary_conninfo: a standby of another primary')] : [];
}

function channel(container: Container): Channel {
  const imageArguments = variantOf(container)?.imageArguments;
  return { kind: 'arguments', imageArguments: imageArguments === 'unknown' ? [] : (imageArguments ?? []) };
}

export const dockerLibrary: Flavour = {
  id: 'docker-library',
  matches: (container) => variantOf(container) !== undefined,
  startsServer,
  pgdata,
  imageVolume,
  identity,
  port: (container) => {
    const option = listOptions(container, '').findLast(({ name }) => name === 'port')?.value;
    return Number(option ?? readVariable(container, 'PGPORT')) || POSTGRES_PORT;
  },
  channel,
  listOptions,
  findUnreachable,
  findObstacles,
  loginVariables: [...USERS, ...PASSWORDS, ...PASSWORD_FILES],
  imageVariables: (container) => {
    const user = variantOf(container)?.user;
    return user === undefined || container.envFrom || findEntry(container, 'POSTGRES_USER')
      ? []
      : [{ name: 'POSTGRES_USER', value: user }];
  },
  login,
  recovery: 'by-image',
};
