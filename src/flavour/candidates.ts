// Which container of a workload is the Postgres server: the annotations decide, then what each looks like. Room: flavour (pure).
import type { StatefulSet } from '../api/kubernetes.ts';
import { ANNOTATION } from '../api/names.ts';
import type { Reason } from '../lib/reason.ts';
import { didYouMean } from '../lib/similar.ts';
import { type Candidate, findCandidate, findDataMount } from './evidence.ts';
import { EXTERNAL_SETTINGS, type Flavour } from './flavour.ts';
import { FLAVOURS } from './index.ts';
import { findStranger } from './strangers.ts';

export const CONTAINERS = 'spec.template.spec.containers';

/** The flavour that the user names. */
export function statedFlavour({ metadata }: StatefulSet): Flavour | undefined {
  return FLAVOURS.find(({ id }) => id === metadata.annotations?.[ANNOTATION.flavour]);
}

/**
 * More than one only where it cannot be told which is meant. The annotations decide first; then those started in the plain
 * way stand before scripts, and known images before unknown ones: a container that looks after the data mounts them too.
 */
export function findCandidates(workload: StatefulSet): Candidate[] {
  const all = (workload.spec.template.spec.containers ?? []).map((container, index) => ({
    container,
    path: `${CONTAINERS}[${index}]`,
  }));
  const named = workload.metadata.annotations?.[ANNOTATION.container];
  const asNamed = (chosen: typeof all): Candidate[] =>
    chosen.map(({ container, path }) => ({
      evidence: `the annotation`,
      isPlain: true,
      ...findCandidate(container, path),
      container,
      path,
    }));
  if (named !== undefined) return asNamed(all.filter(({ container }) => container.name === named));
  const found = all.flatMap(({ container, path }) => findCandidate(container, path) ?? []);
  if (found.length === 0 && statedFlavour(workload)) {
    const [only, ...others] = all;
    return only && others.length === 0
      ? asNamed([only])
      : asNamed(all.filter(({ container }) => findDataMount(container)));
  }
  return preferred(found, [
    ({ flavour }) => flavour?.id === 'patroni',
    isKnownAndPlain,
    ({ flavour }) => flavour !== undefined,
  ]);
}

function isKnownAndPlain({ flavour, isPlain }: Candidate): boolean {
  return flavour !== undefined && isPlain;
}

/** Those that meet the first wish that any of them meets. */
function preferred(found: readonly Candidate[], wishes: readonly ((each: Candidate) => boolean)[]): Candidate[] {
  const wish = wishes.find((each) => found.some(each));
  return wish ? found.filter(wish) : [...found];
}

/** Only a database has a flavour: it must not look like none because it cannot be told which container is meant. */
export function containerUnstated({ spec }: StatefulSet): Reason {
  return {
    code: 'container-unstated',
    field: `metadata.annotations[${ANNOTATION.container}]`,
    seen: `absent, and none of the containers looks like the server that ${ANNOTATION.flavour} is about`,
    remedy: `Write one of: ${(spec.template.spec.containers ?? []).map(({ name }) => name).join(', ')}.`,
  };
}

/** A slip of the pen in an annotation of ours must not make a database look like none. */
export function findSlips(workload: StatefulSet): Reason[] {
  return [...findUnknownContainer(workload), ...findUnknownFlavour(workload), ...findWrongUser(workload)];
}

function findWrongUser({ metadata }: StatefulSet): Reason[] {
  const stated = metadata.annotations?.[ANNOTATION.runAsUser];
  if (stated === undefined || /^[1-9]\d{0,9}$/.test(stated)) return [];
  return [
    {
      code: 'run-as-user-unknown',
      field: `metadata.annotations[${ANNOTATION.runAsUser}]`,
      seen: `"${stated}"`,
      remedy: 'Write the number of the uid that owns the data directory; Postgres never runs as 0.',
    },
  ];
}

function findUnknownContainer({ metadata, spec }: StatefulSet): Reason[] {
  const named = metadata.annotations?.[ANNOTATION.container];
  const names = (spec.template.spec.containers ?? []).map(({ name }) => name);
  if (named === undefined || names.includes(named)) return [];
  return [
    {
      code: 'container-unknown',
      field: `metadata.annotations[${ANNOTATION.container}]`,
      seen: `"${named}", which no container is called`,
      remedy: `Write one of: ${names.join(', ')}.${didYouMean(named, names)}`,
    },
  ];
}

function findUnknownFlavour({ metadata }: StatefulSet): Reason[] {
  const stated = metadata.annotations?.[ANNOTATION.flavour];
  const ids = FLAVOURS.map(({ id }) => id);
  if (stated === undefined || ids.includes(stated)) return [];
  return [
    {
      code: 'flavour-unknown',
      field: `metadata.annotations[${ANNOTATION.flavour}]`,
      seen: `"${stated}", which walguard does not know`,
      remedy: `Write one of: ${ids.join(', ')}.${didYouMean(stated, ids)}`,
    },
  ];
}

export function twoCandidates(first: Candidate, second: Candidate): Reason {
  return {
    code: 'two-candidates',
    field: CONTAINERS,
    seen: `two Postgres servers, "${first.container.name}" and "${second.container.name}"`,
    remedy: `Name the one to protect with the annotation ${ANNOTATION.container}.`,
  };
}

export function explainUnknownImage({ container, path, evidence }: Candidate): Reason {
  const stranger = findStranger(container);
  const field = `${path}.image`;
  const seen = `"${container.image ?? ''}", a Postgres server by ${evidence}`;
  if (!stranger) {
    return {
      code: 'flavour-unstated',
      field,
      seen: `${seen}, but walguard does not know how that image starts it`,
      remedy: `If it keeps the official image's entrypoint, and CMD ["postgres"], add the annotation ${ANNOTATION.flavour}: docker-library (and ${ANNOTATION.runAsUser} if its uid is not 999).`,
    };
  }
  const others = `Back it up by other means and say so in ${ANNOTATION.exempt}.`;
  const external = `Or set ${EXTERNAL_SETTINGS} yourself and add ${ANNOTATION.archiveSettings}: external, ${ANNOTATION.flavour}: docker-library and ${ANNOTATION.runAsUser}.`;
  return {
    code: 'image-unsupported',
    field,
    seen: `${seen}; an image that ${stranger.why}`,
    remedy: stranger.isRuled ? others : `${others} ${external}`,
  };
}
