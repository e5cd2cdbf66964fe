// Bitnami's image of PostgreSQL: its own scripts, directory layout and variables; uid 1001. Room: flavour (pure).
// Source: bitnami/containers, bitnami/postgresql (run.sh, libpostgresql.sh, postgresql-env.sh).
import type { Container } from '../api/kubernetes.ts';
import { POSTGRES_PORT } from '../api/names.ts';
import { parseImage } from '../lib/image.ts';
import type { Reason } from '../lib/reason.ts';
import { listServerOptions } from '../lib/server-options.ts';
import { findEntry, readVariable, resolveVariable } from '../lib/variables.ts';
import { readStart, wordsOf } from './command.ts';
import { type Environment, type Flavour, firstOf, type Login, type PlacedOption, standbyOnly } from './flavour.ts';

const VOLUME_DIR = '/bitnami/postgresql';
const SCRIPTS = '/opt/bitnami/scripts/postgresql/';

/** Options of the user's own. The image splits them at blanks and puts the arguments after them, so ours stay apart. */
const FLAGS = 'POSTGRESQL_EXTRA_FLAGS';

/** The image's CMD: it hands its arguments on to postgres. The entrypoint prepares the directory only for this script. */
const RUN = `${SCRIPTS}run.sh`;

/** Every variable has two names; the first one wins. */
const both = (name: string) => [`POSTGRESQL_${name}`, `POSTGRES_${name}`] as const;

const NAMES: ReadonlySet<string> = new Set(['postgresql', 'postgresql-repmgr']);

function matches(container: Container): boolean {
  const { name, repository } = parseImage(container.image ?? '');
  if (!NAMES.has(name)) return false;
  const mounts = container.volumeMounts ?? [];
  return /(^|\/)bitnami\w*\//.test(repository) || mounts.some(({ mountPath }) => mountPath?.startsWith(VOLUME_DIR));
}

/** What the image starts by itself, or its scripts written out. */
function hasOwnCommand(container: Container): boolean {
  const words = wordsOf(container);
  return words.length === 0 || words[words[0] === `${SCRIPTS}entrypoint.sh` ? 1 : 0] === RUN;
}

function startsServer(container: Container): boolean {
  if (hasOwnCommand(container)) return true;
  const start = readStart(container);
  return start.kind === 'shell' && start.startsServer;
}

function pgdata(container: Container): string | undefined {
  for (const name of [...both('DATA_DIR'), 'PGDATA']) {
    const variable = resolveVariable(container, name);
    if (variable.kind === 'unknown') return undefined;
    if (variable.kind === 'value' && variable.value !== '') return variable.value;
  }
  const volume = resolveVariable(container, 'POSTGRESQL_VOLUME_DIR');
  if (volume.kind === 'unknown') return undefined;
  return `${(volume.kind === 'value' && volume.value) || VOLUME_DIR}/data`;
}

function listOptions(container: Container, path: string): PlacedOption[] {
  const flags = listServerOptions((readVariable(container, FLAGS) ?? '').split(/\s+/));
  return [
    ...flags.map((option) => ({ ...option, field: `${path}.env[${FLAGS}]` })),
    ...(['command', 'args'] as const).flatMap((list) =>
      listServerOptions(container[list] ?? []).map((option) => ({
        ...option,
        field: `${path}.${list}[${option.index}]`,
      })),
    ),
  ];
}

/** Its libraries are named in a file that its start-up writes beside the data. */
function imageSettings(container: Container): string[] {
  const libraries = both('SHARED_PRELOAD_LIBRARIES')
    .map((name) => readVariable(container, name))
    .find(Boolean);
  return [`shared_preload_libraries=${libraries ?? 'pgaudit'}`];
}

function findUnreachable(container: Container, path: string): Reason[] {
  if (hasOwnCommand(container)) return [];
  return [
    {
      code: 'command-unreachable',
      field: `${path}.${(container.command ?? []).length > 0 ? 'command' : 'args'}`,
      seen: JSON.stringify(wordsOf(container)[0] ?? ''),
      remedy: `Start Postgres as the image does by itself (drop command and args); put options into ${FLAGS}.`,
    },
  ];
}

function findObstacles(container: Container, path: string): Reason[] {
  const { name } = parseImage(container.image ?? '');
  const mode = both('REPLICATION_MODE').find((each) => readVariable(container, each) !== undefined);
  return [
    ...(name === 'postgresql-repmgr' ? [repmgr(path)] : []),
    ...(mode === undefined || readVariable(container, mode) !== 'slave'
      ? []
      : [standbyOnly(`${path}.env[${mode}]`, '"slave": these are standbys of a primary in another StatefulSet')]),
    ...findLockedSuperuser(container, path),
  ];
}

/** With a user of its own and no password for postgres the image lets nobody in as superuser, so nobody can back up. */
function findLockedSuperuser(container: Container, path: string): Reason[] {
  const user = USERS.map((name) => readVariable(container, name)).find(Boolean) ?? 'postgres';
  const isSet = SUPERUSER_PASSWORDS.some((name) => findEntry(container, name) || findEntry(container, `${name}_FILE`));
  if (user === 'postgres' || isSet || container.envFrom) return [];
  return [
    {
      code: 'superuser-locked',
      field: `${path}.env`,
      seen: `with the user "${user}" and without POSTGRESQL_POSTGRES_PASSWORD, so nobody can log in as superuser`,
      remedy: 'Set POSTGRESQL_POSTGRES_PASSWORD from a Secret; base backups need a superuser.',
    },
  ];
}

function repmgr(path: string): Reason {
  return {
    code: 'repmgr-managed',
    field: `${path}.image`,
    seen: 'an image whose primary repmgr moves between pods',
    remedy: 'walguard does not follow repmgr yet; back it up by other means and say so in walguard.dev/exempt.',
  };
}

const USERS = ['POSTGRESQL_USERNAME', 'POSTGRES_USERNAME', 'POSTGRES_USER', 'POSTGRESQL_USER'];
const PASSWORDS = both('PASSWORD');
const SUPERUSER_PASSWORDS = both('POSTGRES_PASSWORD');
const FILES = [...PASSWORDS, ...SUPERUSER_PASSWORDS].map((name) => `${name}_FILE`);

/** The superuser is postgres always. Another user owns its database only, and then postgres has a password of its own. */
function login(env: Environment): Login {
  const user = firstOf(env, USERS) ?? 'postgres';
  const names = user === 'postgres' ? PASSWORDS : SUPERUSER_PASSWORDS;
  // A file wins over the variable of its name, and the first name over the second.
  const [name] = names.filter((each) => firstOf(env, [`${each}_FILE`, each]) !== undefined);
  if (name === undefined) return { user: 'postgres' };
  const password = firstOf(env, [name]);
  const passwordFile = firstOf(env, [`${name}_FILE`]);
  if (passwordFile !== undefined) return { user: 'postgres', passwordFile };
  return { user: 'postgres', ...(password === undefined ? {} : { password }) };
}

function port(container: Container): number {
  const option = listOptions(container, '').findLast(({ name }) => name === 'port')?.value;
  const variable = both('PORT_NUMBER')
    .map((name) => readVariable(container, name))
    .find(Boolean);
  return Number(option ?? variable) || POSTGRES_PORT;
}

export const bitnami: Flavour = {
  id: 'bitnami',
  matches,
  startsServer,
  pgdata,
  imageVolume: () => VOLUME_DIR,
  // USER 1001 without a group.
  identity: () => ({ uid: 1001, gid: 0 }),
  port,
  channel: () => ({ kind: 'arguments', imageArguments: [RUN] }),
  listOptions,
  imageSettings,
  findUnreachable,
  findObstacles,
  loginVariables: [...USERS, ...PASSWORDS, ...SUPERUSER_PASSWORDS, ...FILES],
  imageVariables: () => [],
  login,
  // Its set-up deletes recovery.signal at every start.
  recovery: 'before-start',
};
