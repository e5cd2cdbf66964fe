// Postgres run by Patroni, whatever the image: settings live in Patroni's own configuration, shared by all members, and
// any member may lead. Source: Patroni's documentation (environment variables, REST API), zalando/spilo, zalando/patroni.
// Room: flavour (pure).
import type { Container } from '../api/kubernetes.ts';
import { ANNOTATION, POSTGRES_PORT } from '../api/names.ts';
import { parseImage } from '../lib/image.ts';
import type { Reason } from '../lib/reason.ts';
import { findEntry, readVariable, resolveVariable } from '../lib/variables.ts';
import { baseName, isServer, readStart, wordsOf } from './command.ts';
import { dockerLibrary } from './docker-library.ts';
import { type Environment, EXTERNAL_SETTINGS, type Flavour, firstOf, type Identity, type Login } from './flavour.ts';

const IMAGE = /(^|[-_])(patroni|spilo)([-_]|$)/;
const FOREIGN = /exporter|operator|proxy|bouncer/;

/** Variables that only Patroni or Spilo read. */
const VARIABLE = /^(PATRONI_|SPILO_|PGROOT$)/;

/** Others are told of Patroni too; what has these variables and is or holds a Postgres runs it. */
const POSTGRES = /postgres|pgsql|pgdata|postgis|timescale|citus/;

function matches(container: Container): boolean {
  const { name } = parseImage(container.image ?? '');
  // The image may be Patroni's: where the command is Postgres itself, Patroni does not run.
  if (FOREIGN.test(name) || ['postgres', 'postmaster'].includes(baseName(wordsOf(container)[0] ?? ''))) return false;
  return IMAGE.test(name) || hasPatroniVariable(container) || startsPatroni(container);
}

function startsPatroni(container: Container): boolean {
  return isServer(readStart(container)) && wordsOf(container).some((word) => /(^|[\s/])patroni(\s|$)/.test(word));
}

function hasPatroniVariable({ image, env, volumeMounts }: Container): boolean {
  return (
    [parseImage(image ?? '').name, ...(volumeMounts ?? []).map(({ mountPath }) => mountPath)].some((each) =>
      POSTGRES.test(each),
    ) && (env ?? []).some(({ name }) => VARIABLE.test(name))
  );
}

function startsServer(container: Container): boolean {
  const start = readStart(container);
  return start.kind === 'image' || start.kind === 'server' || (start.kind === 'shell' && start.startsServer);
}

function pgdata(container: Container): string | undefined {
  for (const name of ['PATRONI_POSTGRESQL_DATA_DIR', 'PGDATA']) {
    const variable = resolveVariable(container, name);
    if (variable.kind === 'unknown') return undefined;
    if (variable.kind === 'value' && variable.value !== '') return variable.value;
  }
  // Spilo keeps its data below PGROOT; other images tell only in their own configuration.
  const root = resolveVariable(container, 'PGROOT');
  if (root.kind === 'value') return `${root.value}/data`;
  if (root.kind === 'unknown') return undefined;
  if (isSpilo(container)) return '/home/postgres/pgdata/pgroot/data';
  return parseImage(container.image ?? '').name === 'timescaledb-ha' ? '/home/postgres/pgdata/data' : undefined;
}

/** Patroni is put into images of every family; of one that only says Patroni nothing is known. */
function identity(container: Container): Identity | undefined {
  if (isSpilo(container)) return { uid: 101, gid: 103 };
  return dockerLibrary.matches(container) ? dockerLibrary.identity(container) : undefined;
}

/** What Patroni is told to do concerns every member and a running cluster, and its file cannot be seen: the user decides. */
function findUnreachable(container: Container, path: string, isStated: boolean): Reason[] {
  if (isStated) return isSpilo(container) && findEntry(container, SPILO) ? [spiloConfigured(path)] : [];
  return [
    {
      code: 'patroni-managed',
      field: path,
      seen: 'run by Patroni, which keeps the archive settings in its own configuration',
      remedy: `To let walguard set them there through Patroni's REST API, add the annotation ${ANNOTATION.flavour}: patroni. To set ${EXTERNAL_SETTINGS} there yourself, add ${ANNOTATION.archiveSettings}: external.`,
    },
  ];
}

/** Settings that Spilo's start-up writes into Patroni's local file, from where they win over those of the REST API. */
const SPILO = 'SPILO_CONFIGURATION';

function isSpilo({ image }: Container): boolean {
  return /(^|[-_])spilo([-_]|$)/.test(parseImage(image ?? '').name);
}

function spiloConfigured(path: string): Reason {
  return {
    code: 'spilo-configured',
    field: `${path}.env[${SPILO}]`,
    seen: 'set already, so walguard cannot set it',
    remedy: `Add ${EXTERNAL_SETTINGS} to its postgresql.parameters yourself, and the annotation ${ANNOTATION.archiveSettings}: external.`,
  };
}

const USERS = ['PATRONI_SUPERUSER_USERNAME', 'PGUSER_SUPERUSER'];
const PASSWORDS = ['PATRONI_SUPERUSER_PASSWORD', 'PGPASSWORD_SUPERUSER'];

function login(env: Environment): Login {
  const password = firstOf(env, PASSWORDS);
  return { user: firstOf(env, USERS) ?? 'postgres', ...(password === undefined ? {} : { password }) };
}

function port(container: Container): number {
  // Of the text as it stands: the address may be the pod's, which is not known.
  const listen = String(findEntry(container, 'PATRONI_POSTGRESQL_LISTEN')?.value ?? '');
  return Number(/:(\d+)$/.exec(listen)?.[1] ?? readVariable(container, 'PGPORT')) || POSTGRES_PORT;
}

/** Where the REST API answers inside the pod, and with which credentials it lets settings be changed. */
export const REST_VARIABLES = ['PATRONI_RESTAPI_LISTEN', 'PATRONI_RESTAPI_USERNAME', 'PATRONI_RESTAPI_PASSWORD'];

export const patroni: Flavour = {
  id: 'patroni',
  matches,
  startsServer,
  pgdata,
  imageVolume: dockerLibrary.imageVolume,
  identity,
  port,
  channel: (container) => (isSpilo(container) ? { kind: 'variable', name: SPILO } : { kind: 'rest' }),
  listOptions: () => [],
  findUnreachable,
  findObstacles: () => [],
  loginVariables: [...USERS, ...PASSWORDS, ...REST_VARIABLES],
  imageVariables: () => [],
  login,
  recovery: 'alone',
};
