// What differs between the families of Postgres images. One file each implements this. Room: flavour (pure).
import type { Container, EnvVar, PodSpec } from '../api/kubernetes.ts';
import { ARCHIVE_SCRIPT } from '../api/names.ts';
import type { Reason } from '../lib/reason.ts';
import type { ServerOption } from '../lib/server-options.ts';

export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

/** One of the user's own options for the server, and where it stands. */
export interface PlacedOption extends ServerOption {
  /** Field path of the word or variable. */
  readonly field: string;
}

/**
 * How settings reach Postgres.
 * arguments: appended to the container's; where it has none, the image's own (CMD) come first, because args replace them.
 * variable: a variable of that name, in which the image takes Patroni settings as YAML.
 * rest: by the sidecar, through Patroni's REST API; nothing in the template.
 */
export type Channel =
  | { readonly kind: 'arguments'; readonly imageArguments: readonly string[] }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'rest' };

/** Who connects as a superuser, from the variables that the image itself reads. */
export interface Login {
  readonly user: string;
  readonly password?: string;
  /** Where the password stands instead, as the database container sees it. */
  readonly passwordFile?: string;
}

/** Variables of a running process. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Flavour {
  /** Same as the file's name, and the value of the annotation `walguard.dev/flavour`. */
  readonly id: string;
  /** Is it of this family, by its image's name and by what only this family has? */
  readonly matches: (container: Container) => boolean;
  /** Is it started as a server, as opposed to a client made from the same image? Data mounts are looked at by the caller. */
  readonly startsServer: (container: Container) => boolean;
  /** Absolute path of the data directory; undefined where it cannot be known from the manifest. */
  readonly pgdata: (container: Container) => string | undefined;
  /** What the image declares as VOLUME around its data directory. */
  readonly imageVolume: (container: Container) => string | undefined;
  /** Under which uid and gid the server runs, from the image alone; undefined where that differs between its versions. */
  readonly identity: (container: Container) => Identity | undefined;
  readonly port: (container: Container) => number;
  readonly channel: (container: Container) => Channel;
  /** The user's own server options. Like below, `path` is the container's field path. */
  readonly listOptions: (container: Container, path: string) => PlacedOption[];
  /** Settings, as `name=value`, that the image makes at its start outside of the data directory, and the server does not work without. */
  readonly imageSettings?: (container: Container) => readonly string[];
  /** Why walguard cannot pass settings. @param isStated the user named this flavour in an annotation */
  readonly findUnreachable: (container: Container, path: string, isStated: boolean) => Reason[];
  /** Why it must not be archived at all, whoever passes the settings. */
  readonly findObstacles: (container: Container, path: string) => Reason[];
  /** Names of the variables that `login` reads; copied to whoever connects. Those that end in `_FILE` hold paths. */
  readonly loginVariables: readonly string[];
  /** Those of them that the image itself sets, with their values. */
  readonly imageVariables: (container: Container) => EnvVar[];
  readonly login: (env: Environment) => Login;
  /**
   * How a restored database recovers.
   * by-image: as the image starts Postgres. before-start: by itself before that, because the image's start-up undoes it.
   * alone: as plain Postgres, because what the image starts would join the source's cluster.
   */
  readonly recovery: 'by-image' | 'before-start' | 'alone';
}

/** The uid that Kubernetes imposes, if it does: the container's setting wins over the pod's. Root steps down by itself. */
export function imposedUid(pod: PodSpec, container: Container): number | undefined {
  const uid = container.securityContext?.runAsUser ?? pod.securityContext?.runAsUser;
  return uid === 0 ? undefined : uid;
}

export function imposedGid(pod: PodSpec, container: Container): number | undefined {
  const gid = container.securityContext?.runAsGroup ?? pod.securityContext?.runAsGroup;
  return gid === 0 ? undefined : gid;
}

/** The first of the names that has a value, as images with aliases read them. */
export function firstOf(env: Environment, names: readonly string[]): string | undefined {
  return names.map((name) => env[name]).find((value) => value !== undefined && value !== '');
}

/** What a user who passes the settings passes. */
export const EXTERNAL_SETTINGS = `archive_mode=on, archive_command='${ARCHIVE_SCRIPT} %f' and archive_timeout=60`;

export function standbyOnly(field: string, seen: string): Reason {
  return {
    code: 'standby-only',
    field,
    seen,
    remedy: 'Name the policy on the primary; a standby archives nothing. Exempt this one, giving that as the reason.',
  };
}
