// Names of walguard's annotations that are misspelt, or stand where walguard does not look. Room: policy (pure).
import type { StatefulSet } from '../api/kubernetes.ts';
import {
  ANNOTATION,
  GROUP,
  INJECTION_ANNOTATION,
  LABEL,
  REPOSITORY_ANNOTATION,
  RESTORED_BY_ANNOTATION,
} from '../api/names.ts';
import { nearest } from '../lib/similar.ts';

export interface NameSlip {
  /** Field path of the annotation or label. */
  readonly field: string;
  readonly name: string;
  readonly kind: 'misplaced' | 'unknown';
  /** The name that it is, or that it is nearest to. */
  readonly meant: string | undefined;
}

const PREFIX = `${GROUP}/`;
const WRITTEN: readonly string[] = Object.values(ANNOTATION);
/** Written by walguard itself. */
const OWN: readonly string[] = [
  INJECTION_ANNOTATION,
  REPOSITORY_ANNOTATION,
  RESTORED_BY_ANNOTATION,
  ...Object.values(LABEL),
];

interface Place {
  readonly path: string;
  readonly names: readonly string[];
  /** Is it here that walguard reads its annotations? */
  readonly isRight: boolean;
}

/**
 * | name                            | on the StatefulSet's metadata | elsewhere on it: labels, pod template |
 * | of an annotation that is read   | right                         | misplaced                             |
 * | of the namespace's mode         | misplaced                     | misplaced                             |
 * | that walguard writes itself     | right                         | right                                 |
 * | another one of walguard.dev     | unknown                       | unknown                               |
 * | near one that is read           | unknown                       | unknown                               |
 * | any other                       | none of walguard's            | none of walguard's                    |
 */
export function findNameSlips({ metadata, spec }: StatefulSet): NameSlip[] {
  const template = spec.template.metadata;
  const places: readonly Place[] = [
    { path: 'metadata.annotations', names: Object.keys(metadata.annotations ?? {}), isRight: true },
    { path: 'metadata.labels', names: Object.keys(metadata.labels ?? {}), isRight: false },
    {
      path: 'spec.template.metadata.annotations',
      names: Object.keys(template?.annotations ?? {}),
      isRight: false,
    },
    { path: 'spec.template.metadata.labels', names: Object.keys(template?.labels ?? {}), isRight: false },
  ];
  return places.flatMap(({ path, names, isRight }) =>
    names.flatMap((name) => {
      const found = judgeName(name, isRight);
      return found ? [{ field: `${path}[${name}]`, name, ...found }] : [];
    }),
  );
}

function judgeName(name: string, isRight: boolean): Pick<NameSlip, 'kind' | 'meant'> | undefined {
  if (name === LABEL.mode) return { kind: 'misplaced', meant: name };
  if (WRITTEN.includes(name)) return isRight ? undefined : { kind: 'misplaced', meant: name };
  if (OWN.includes(name)) return undefined;
  // Beyond the prefix it is a guess, so only what looks much like ours.
  if (!name.startsWith(PREFIX) && !/^wal.{0,3}g/i.test(name)) return undefined;
  const meant = nearestName(name);
  return name.startsWith(PREFIX) || meant !== undefined ? { kind: 'unknown', meant } : undefined;
}

/** By what follows the slash where the prefix is right: there is too little else to compare. */
function nearestName(name: string): string | undefined {
  if (!name.startsWith(PREFIX)) return nearest(name, WRITTEN);
  const ends = WRITTEN.map((each) => each.slice(PREFIX.length));
  const end = nearest(name.slice(PREFIX.length), ends);
  return end === undefined ? undefined : PREFIX + end;
}
