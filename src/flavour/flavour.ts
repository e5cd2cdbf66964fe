// What differs between the families of Postgres images. One file each implements this. Room: flavour (pure).
import type { Container, PodSpec } from '../api/kubernetes.ts';
import type { ImageReference } from '../lib/image.ts';
import type { Refusal } from '../lib/refusal.ts';

export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

export interface Flavour {
  /** Same as the file's name, and the value of the annotation `walguard.dev/flavour`. */
  readonly id: string;
  /** Does the image's name say that it is one of this family? */
  readonly matches: (image: ImageReference) => boolean;
  /** Is it started as a server, as opposed to a client made from the same image? */
  readonly isServer: (container: Container) => boolean;
  /** Absolute path of the data directory; undefined where it cannot be known from the manifest. */
  readonly pgdata: (container: Container) => string | undefined;
  /** Under which uid and gid the server runs, from the image alone. */
  readonly identity: (image: ImageReference) => Identity;
  /** Can settings be passed as arguments? If not, why. `path` is the container's field path. */
  readonly checkArguments: (container: Container, path: string) => Refusal | undefined;
  /** Names of the variables with which user and password are given to the image; copied to whoever connects. */
  readonly connectionEnv: readonly string[];
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
