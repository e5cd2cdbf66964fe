// The docker-library family: postgres and the images built FROM it that keep its entrypoint. Room: flavour (pure).
import type { Container } from '../api/kubernetes.ts';
import type { ImageReference } from '../lib/image.ts';
import type { Refusal } from '../lib/refusal.ts';
import type { Flavour } from './flavour.ts';

const NAMES = new Set(['postgres', 'postgis', 'pgvector', 'timescaledb']);

/** Up to PG 17 the image's PGDATA and VOLUME; from PG 18 the VOLUME is its parent and PGDATA has the major in it. */
const DATA_DIR = '/var/lib/postgresql/data';
const DATA_PARENT = '/var/lib/postgresql';

const ENTRYPOINT = 'docker-entrypoint.sh';

function matches(image: ImageReference): boolean {
  return NAMES.has(image.name);
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Without a command the image's own entrypoint runs; a command must be that entrypoint or postgres itself. */
function hasServerCommand({ command }: Container): boolean {
  if (!command || command.length === 0) return true;
  const first = baseName(command[0] ?? '');
  return first === ENTRYPOINT || first === 'postgres';
}

function isServer(container: Container): boolean {
  if (hasServerCommand(container)) return hasServerArguments(container) || hasDataMount(container);
  return hasDataMount(container);
}

function hasDataMount(container: Container): boolean {
  return (container.volumeMounts ?? []).some(
    ({ mountPath }) => mountPath === DATA_PARENT || mountPath.startsWith(`${DATA_PARENT}/`),
  );
}

/** The entrypoint starts the server for `postgres ...` and for arguments that begin with a dash. */
function hasServerArguments({ args }: Container): boolean {
  const first = args?.[0];
  return first === undefined || first === 'postgres' || first.startsWith('-');
}

function majorOf(container: Container): number | undefined {
  const pgMajor = container.env?.find(({ name }) => name === 'PG_MAJOR')?.value;
  const tag = (container.image ?? '').split('@')[0]?.split('/').at(-1)?.split(':')[1];
  // `pg15` first: in `2.11.2-pg15` and `0.8.0-pg17` the leading number is the extension's own version.
  const stated = /pg(\d{1,2})(?=$|[.-])/.exec(tag ?? '') ?? /^(\d{1,2})(?=$|[.-])/.exec(tag ?? '');
  const text = pgMajor ?? stated?.[1];
  return text === undefined ? undefined : Number(text);
}

function pgdata(container: Container): string | undefined {
  const set = container.env?.find(({ name }) => name === 'PGDATA');
  if (set) return set.value?.startsWith('/') && !set.value.includes('$(') ? set.value.replace(/\/+$/, '') : undefined;
  const major = majorOf(container);
  if (major !== undefined) return major >= 18 ? `${DATA_PARENT}/${major}/docker` : DATA_DIR;
  // A tag without a version (latest, a digest): a volume mounted at the old place is only right for the old layout.
  return container.volumeMounts?.some(({ mountPath }) => mountPath === DATA_DIR) ? DATA_DIR : undefined;
}

function checkArguments(container: Container, path: string): Refusal | undefined {
  if (!hasServerCommand(container)) {
    return {
      code: 'command-unreachable',
      field: `${path}.command`,
      seen: JSON.stringify(container.command?.[0] ?? ''),
      remedy: `walguard passes settings as arguments; start Postgres by the image's own entrypoint (drop command, or make it ["${ENTRYPOINT}"]) and put the options in args.`,
    };
  }
  if (!hasServerArguments(container)) {
    return {
      code: 'arguments-unreachable',
      field: `${path}.args[0]`,
      seen: JSON.stringify(container.args?.[0]),
      remedy: 'Make the arguments begin with "postgres" or with an option such as "-c".',
    };
  }
  return undefined;
}

export const dockerLibrary: Flavour = {
  id: 'docker-library',
  matches,
  isServer,
  pgdata,
  // Alpine's postgres user is 70, Debian's is 999. timescale/timescaledb is Alpine without saying so in its tags.
  identity: ({ name, tag }) =>
    name === 'timescaledb' || tag?.includes('alpine') ? { uid: 70, gid: 70 } : { uid: 999, gid: 999 },
  checkArguments,
  connectionEnv: ['POSTGRES_USER', 'POSTGRES_PASSWORD'],
};
