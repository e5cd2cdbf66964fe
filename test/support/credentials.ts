// No storage credential may be where the database's own code could read it, nor the engine where it could ask for one. One check for cases and generated workloads.
import type { Container, StatefulSet } from '../../src/api/kubernetes.ts';
import { RUN_DIR, RUN_VOLUME, SIDECAR, STORAGE_DIR, STORAGE_VOLUME } from '../../src/api/names.ts';

/** What lets a container of the user's own reach the storage credentials, one sentence each; empty where nothing does. */
export function findCredentialLeaks(workload: StatefulSet, credentialsSecret: string): string[] {
  const { spec } = workload.spec.template;
  const theirs = [...spec.containers, ...(spec.initContainers ?? []).filter(({ name }) => name !== SIDECAR)];
  const volumes = (spec.volumes ?? []).filter((volume) => JSON.stringify(volume).includes(`"${credentialsSecret}"`));
  const names = [STORAGE_VOLUME, RUN_VOLUME, ...volumes.map(({ name }) => name)];
  return theirs.flatMap((container) => findIn(container, credentialsSecret, names));
}

function findIn(container: Container, credentialsSecret: string, volumes: readonly string[]): string[] {
  const text = JSON.stringify(container);
  const mounts = (container.volumeMounts ?? []).filter(
    ({ name, mountPath }) =>
      volumes.includes(name) || [STORAGE_DIR, RUN_DIR].some((path) => mountPath.startsWith(path)),
  );
  return [
    ...(/AWS_|WALG_/.test(text) ? [`${container.name} names a variable of the storage`] : []),
    ...(text.includes(`"${credentialsSecret}"`) ? [`${container.name} refers to the Secret ${credentialsSecret}`] : []),
    ...mounts.map(
      ({ mountPath }) => `${container.name} mounts the storage Secret, or the engine's sockets, at ${mountPath}`,
    ),
  ];
}
