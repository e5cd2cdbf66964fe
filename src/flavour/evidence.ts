// Is a container a Postgres server? By its image's name, what it starts, its data mount and its variables.
// Room: flavour (pure).
import type { Container } from '../api/kubernetes.ts';
import { parseImage } from '../lib/image.ts';
import { readVariable } from '../lib/variables.ts';
import { isServer, readStart, wordsOf } from './command.ts';
import type { Flavour } from './flavour.ts';
import { FLAVOURS } from './index.ts';
import { findStranger } from './strangers.ts';

/** A container that looks like a Postgres server. Without a flavour walguard does not know how it is started. */
export interface Candidate {
  readonly container: Container;
  /** Field path. */
  readonly path: string;
  readonly flavour?: Flavour;
  /** What it was known by. */
  readonly evidence: string;
  /** Does it start the server in a way that can be read? A script of the user's own is a guess. */
  readonly isPlain: boolean;
}

/** Where images keep the data; nothing but Postgres is mounted there. */
const DATA_PLACES = [
  '/var/lib/postgresql',
  '/var/lib/postgres',
  '/var/lib/pgsql',
  '/bitnami/postgresql',
  '/home/postgres/pgdata',
  '/stolon-data',
  '/pgdata',
];

/** The name ends in a word for Postgres, perhaps with a version. */
const SERVER_NAME = /(^|[-_.])(postgres|postgresql|pgsql|postgis|timescaledb|pgvector|citus|stolon)([-_.]?\d[\w.-]*)?$/;

/** What stands beside a Postgres and is none, whatever it mounts. */
const COMPANION_NAME =
  /exporter|bouncer|pgadmin|adminer|client|adapter|postgrest|proxy|pgpool|pgcat|odyssey|pgweb|maria|mysql|mongo|redis|zabbix|connect|debezium|^(source|destination)-/;

/** What looks after its data, and mounts them; or a Postgres that brings such a tool along. */
const KEEPER_NAME = /operator|backup|backrest|barman|wal-?[ge]\b|migrat/;
const POSTGRES_NAME = /postgres|pgsql|postgis|timescale/;

/** Other images have a docker-entrypoint.sh too. */
const SERVER_WORD =
  /(^|[\s/])(postgres|postmaster|patroni|stolon-keeper|pg_ctl|pg_ctlcluster|pg_autoctl|run-postgresql)(\s|$)/m;

export function findCandidate(container: Container, path: string): Candidate | undefined {
  const flavour = findStranger(container) === undefined ? FLAVOURS.find((each) => each.matches(container)) : undefined;
  const mount = findDataMount(container);
  const start = readStart(container);
  const isPlain = start.kind === 'image' || start.kind === 'server';
  if (flavour) {
    if (!flavour.startsServer(container) && mount === undefined && !mountsPgdata(container)) return undefined;
    const evidence = `image ${container.image ?? ''}`;
    return { container, path, flavour, evidence, isPlain: isPlain || flavour.startsServer(container) };
  }
  const evidence = findUnknownServer(container, mount);
  return evidence === undefined ? undefined : { container, path, evidence, isPlain };
}

/** No image that walguard knows: its name alone does not make it a server, nor does a mount make a companion one. */
function findUnknownServer(container: Container, mount: string | undefined): string | undefined {
  const { name } = parseImage(container.image ?? '');
  const start = readStart(container);
  if (COMPANION_NAME.test(name) || isOtherProgram(container)) return undefined;
  const isKeeper = KEEPER_NAME.test(name) && !(POSTGRES_NAME.test(name) && start.kind === 'image');
  if (mount !== undefined && (!isKeeper || isServer(start))) return `a mount at ${mount}`;
  if (isServer(start) && SERVER_WORD.test(wordsOf(container).join('\n'))) return 'its command';
  if (isKeeper) return undefined;
  if ((container.env ?? []).some((entry) => entry.name === 'PGDATA')) return 'the variable PGDATA';
  return SERVER_NAME.test(name) && start.kind === 'image' ? `the image's name` : undefined;
}

/** A place of the user's own, by the variable. */
function mountsPgdata(container: Container): boolean {
  const pgdata = readVariable(container, 'PGDATA');
  return (container.volumeMounts ?? []).some(
    ({ mountPath }) => pgdata === mountPath || pgdata?.startsWith(`${mountPath}/`),
  );
}

/** Stolon's proxy and sentinel come from the keeper's image. */
function isOtherProgram(container: Container): boolean {
  const { name } = parseImage(container.image ?? '');
  return name === 'stolon' && !wordsOf(container).some((word) => word.includes('stolon-keeper'));
}

export function findDataMount({ volumeMounts }: Container): string | undefined {
  return (volumeMounts ?? []).find(({ mountPath }) =>
    DATA_PLACES.some((place) => mountPath === place || mountPath?.startsWith(`${place}/`)),
  )?.mountPath;
}
