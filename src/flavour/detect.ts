// Is this workload a Postgres server, which container, and where are its data? Room: flavour (pure).
import type { Container, StatefulSet, VolumeMount } from '../api/kubernetes.ts';
import { ANNOTATION } from '../api/names.ts';
import type { Reason } from '../lib/reason.ts';
import { findEntry } from '../lib/variables.ts';
import {
  CONTAINERS,
  containerUnstated,
  explainUnknownImage,
  findCandidates,
  findSlips,
  statedFlavour,
  twoCandidates,
} from './candidates.ts';
import { type DataVolume, findDataPlace } from './data-volume.ts';
import { type Candidate, findDataMount } from './evidence.ts';
import { type Flavour, type Identity, imposedGid, imposedUid } from './flavour.ts';
import { findStranger } from './strangers.ts';

export interface FoundServer {
  readonly flavour: Flavour;
  /** The user named the flavour in an annotation. */
  readonly isStated: boolean;
  readonly container: Container;
  /** Field path of the container, for messages. */
  readonly path: string;
}

/** A Postgres server found in a workload, with all that injection and companions need to know of it. */
export interface PostgresServer extends FoundServer {
  readonly pgdata: string;
  readonly port: number;
  readonly identity: Identity;
  readonly dataMount: VolumeMount;
  readonly dataVolume: DataVolume;
}

export type Detection =
  | { readonly kind: 'not-postgres'; readonly reason: Reason }
  | { readonly kind: 'operator-owned'; readonly reason: Reason }
  /** A Postgres server, but not one that can be archived as it is. */
  | { readonly kind: 'refused'; readonly refusals: readonly Reason[]; readonly found?: FoundServer }
  | { readonly kind: 'server'; readonly server: PostgresServer };

export function detect(workload: StatefulSet): Detection {
  const slips = findSlips(workload);
  if (slips.length > 0) return refused(slips);
  const [first, second] = findCandidates(workload);
  if (!first && statedFlavour(workload)) return refused([containerUnstated(workload)]);
  if (!first) return { kind: 'not-postgres', reason: notPostgres };
  const owned = findOperator(workload);
  if (owned) return { kind: 'operator-owned', reason: owned };
  if (second) return refused([twoCandidates(first, second)]);
  const stated = statedFlavour(workload);
  if (stated && first.flavour?.id === 'patroni' && stated.id !== 'patroni') return refused([patroniDenied(first)]);
  const flavour = stated ?? first.flavour;
  return flavour ? describe(workload, first, flavour) : refused([explainUnknownImage(first)]);
}

const notPostgres: Reason = {
  code: 'not-postgres',
  field: CONTAINERS,
  seen: 'without a container that is a Postgres server',
  remedy: `If one is, name it with ${ANNOTATION.container}, and how it is started with ${ANNOTATION.flavour}.`,
};

/** By its owner; or, as Zalando's operator leaves owners out, by the labels that it finds its own by. */
function findOperator({ metadata }: StatefulSet): Reason | undefined {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  const remedy = "Use that operator's own backups.";
  const code = 'operator-owned';
  if (owner) {
    const seen = `${owner.kind}/${owner.name}, an operator that would undo the change`;
    return { code, field: 'metadata.ownerReferences', seen, remedy };
  }
  const { application, 'cluster-name': cluster } = metadata.labels ?? {};
  if (application !== 'spilo' || cluster === undefined) return undefined;
  const seen = `those of Zalando's operator for the cluster "${cluster}", which would undo the change`;
  return { code, field: 'metadata.labels', seen, remedy };
}

function patroniDenied({ path }: Candidate): Reason {
  return {
    code: 'flavour-contradicted',
    field: `metadata.annotations[${ANNOTATION.flavour}]`,
    seen: `another flavour than patroni, while ${path} is run by Patroni`,
    remedy: `Write ${ANNOTATION.flavour}: patroni.`,
  };
}

function describe(workload: StatefulSet, candidate: Candidate, flavour: Flavour): Detection {
  const { container, path } = candidate;
  const found = { flavour, isStated: statedFlavour(workload) !== undefined, container, path };
  const pgdata = flavour.pgdata(container)?.replace(/\/+$/, '');
  const place = pgdata?.startsWith('/')
    ? findDataPlace(workload, container, pgdata, path, flavour.imageVolume(container))
    : pgdataUnknown(container, path);
  const identity = resolveIdentity(workload, container, flavour) ?? uidUnknown(container, path);
  const isExternal = workload.metadata.annotations?.[ANNOTATION.archiveSettings] === 'external';
  // A Patroni beside the server holds no data, and walguard was not asked to reach it.
  const isBeside = flavour.id === 'patroni' && !found.isStated && !isExternal && !findDataMount(container);
  const refusals = [
    ...(!isExternal && findStranger(container) ? [explainUnknownImage(candidate)] : []),
    ...flavour.findObstacles(container, path),
    ...(isBeside ? [] : [place, identity]),
  ].filter((each) => 'code' in each);
  if (refusals.length > 0 || isBeside || pgdata === undefined || 'code' in place || 'code' in identity) {
    return { kind: 'refused', refusals, found };
  }
  const { mount: dataMount, volume: dataVolume } = place;
  return {
    kind: 'server',
    server: { ...found, pgdata, port: flavour.port(container), identity, dataMount, dataVolume },
  };
}

function refused(refusals: readonly Reason[]): Detection {
  return { kind: 'refused', refusals };
}

function pgdataUnknown(container: Container, path: string): Reason {
  const code = 'pgdata-unknown';
  const remedy = 'what SHOW data_directory says today; with another path an empty database would be started.';
  if (findEntry(container, 'PGDATA')) {
    const seen = 'not an absolute path that the manifest shows';
    return { code, field: `${path}.env[PGDATA]`, seen, remedy: `Write it as a plain value: ${remedy}` };
  }
  const seen = 'without PGDATA, and neither the tag nor a mount tells where the data are';
  return { code, field: `${path}.env`, seen, remedy: `Set PGDATA to ${remedy}` };
}

function uidUnknown({ image }: Container, path: string): Reason {
  return {
    code: 'uid-unknown',
    field: `${path}.image`,
    seen: `"${image ?? ''}", whose uid of Postgres differs between its versions`,
    remedy: `Write the uid that owns the data directory into the annotation ${ANNOTATION.runAsUser}.`,
  };
}

function resolveIdentity(workload: StatefulSet, container: Container, flavour: Flavour): Identity | undefined {
  const pod = workload.spec.template.spec;
  const byImage = flavour.identity(container);
  const stated = Number(workload.metadata.annotations?.[ANNOTATION.runAsUser] ?? 0);
  const uid = stated > 0 ? stated : (imposedUid(pod, container) ?? byImage?.uid);
  return uid === undefined ? undefined : { uid, gid: imposedGid(pod, container) ?? byImage?.gid ?? uid };
}
