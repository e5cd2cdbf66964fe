// May drills of a database run in a namespace that is not its own? Both sides have to say so, the namespace that takes them in and
// the Secrets that go there; and nobody's CronJob is in the way. No I/O. Room: controller (door).
import type { KubeObject } from '../api/kubernetes.ts';
import { COPY_TO_ANNOTATION, DRILLS_OF_ANNOTATION, LABEL } from '../api/names.ts';
import { homeOf } from '../companion/instance.ts';
import { allows, mayGoTo, type Secret } from './secrets.ts';

/** Given; or what is missing, for a person, with the command that gives it. */
export type Leave = 'given' | { readonly missing: string };

/**
 * Somebody else's pods, with somebody else's data, run there: its owner lets them in.
 *
 * | the namespace   | its annotation walguard.dev/drills-of | leave   |
 * | does not exist  |                                       | missing |
 * | is being deleted |                                      | missing |
 * | there           | absent, or without that namespace     | missing |
 * | there           | names it, or has a star               | given   |
 *
 * @param home namespace of the database
 */
export function judgeNamespace(place: string, home: string, live: KubeObject | undefined): Leave {
  if (!live) return { missing: `there is no namespace "${place}"; make it: kubectl create namespace ${place}` };
  if (live.metadata.deletionTimestamp) return { missing: `the namespace "${place}" is being deleted` };
  const annotation = live.metadata.annotations?.[DRILLS_OF_ANNOTATION];
  if (allows(annotation, home)) return 'given';
  const missing = `the namespace "${place}" does not take in drills of "${home}"; its owner allows it by: ${annotate('namespace', place, DRILLS_OF_ANNOTATION, annotation, home)}`;
  return { missing };
}

/**
 * | a CronJob there has a name that a drill's would have | it is that drill's own | leave   |
 * | no                                                   |                        | given   |
 * | yes                                                  | yes                    | given   |
 * | yes                                                  | no                     | missing: it is not written over |
 *
 * @param there all CronJobs of the place
 */
export function judgeNames({ home, database, place, names }: Names, there: readonly KubeObject[]): Leave {
  const isOwn = (each: KubeObject) => {
    const { [LABEL.managedBy]: by, [LABEL.database]: its } = each.metadata.labels ?? {};
    return by === 'walguard' && its === database && homeOf(each) === home;
  };
  const stranger = there.find((each) => names.includes(each.metadata.name ?? '') && !isOwn(each));
  if (!stranger) return 'given';
  const { name } = stranger.metadata;
  const command = `kubectl -n ${place} delete cronjob ${name}`;
  return { missing: `"${place}" has a CronJob "${name}" that is not walguard's; if nobody needs it: ${command}` };
}

interface Names {
  readonly home: string;
  readonly database: string;
  readonly place: string;
  readonly names: readonly string[];
}

export interface SecretScene {
  readonly name: string;
  readonly place: string;
  readonly home: string;
  /** walguard's own namespace. */
  readonly source: string;
  readonly live: {
    readonly inPlace: Secret | undefined;
    readonly atHome: Secret | undefined;
    readonly atSource: Secret | undefined;
  };
}

/**
 * Of a Secret that walguard may copy at all (storage.copyCredentials, storage.copySecrets). Any other one is a person's to make
 * there, and cannot be looked at: the drill says itself where it is missing.
 *
 * | in the place     | in the database's namespace | the source | its walguard.dev/copy-to | result             |
 * | a person's own   |                             |            |                          | given: it is used  |
 * | none, or a copy  | a person's own              |            |                          | missing: it is not walguard's to copy |
 * | none, or a copy  | none, or a copy             | none       |                          | missing            |
 * | none, or a copy  | none, or a copy             | there      | without the place        | missing            |
 * | none, or a copy  | none, or a copy             | there      | names it, or has a star  | copy               |
 *
 * Where place or database's namespace is walguard's own, the Secret there is the source itself.
 */
export function judgeSecret(scene: SecretScene): Leave | 'copy' {
  const { name, place, home, source, live } = scene;
  if (place === source ? live.atSource : isTheirs(live.inPlace)) return 'given';
  if (home !== source && isTheirs(live.atHome)) {
    const missing = `"${home}" has a Secret "${name}" of its own, which walguard does not copy; make it in "${place}" too`;
    return { missing };
  }
  if (!live.atSource?.data) {
    return { missing: `there is no Secret "${name}" in "${source}" to copy, and none in "${place}"; make it there` };
  }
  if (mayGoTo(live.atSource, place)) return 'copy';
  const annotation = live.atSource.metadata.annotations?.[COPY_TO_ANNOTATION];
  const command = `kubectl -n ${source} ${annotate('secret', name, COPY_TO_ANNOTATION, annotation, place).slice('kubectl '.length)}`;
  return { missing: `the Secret "${name}" may not go to "${place}"; its owner allows it by: ${command}` };
}

function isTheirs(secret: Secret | undefined): boolean {
  return secret !== undefined && secret.metadata.labels?.[LABEL.managedBy] !== 'walguard';
}

/** What is there already stays. */
function annotate(kind: string, name: string, key: string, before: string | undefined, more: string): string {
  const value = before?.trim() ? `${before.trim()},${more}` : more;
  return `kubectl annotate ${kind} ${name} --overwrite ${key}=${value}`;
}

/** All that is missing, each thing once. */
export function sumUp(leaves: readonly Leave[]): Leave {
  const missing = new Set(leaves.flatMap((each) => (each === 'given' ? [] : [each.missing])));
  return missing.size === 0 ? 'given' : { missing: [...missing].join('; and ') };
}
