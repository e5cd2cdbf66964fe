// Where one database's backups go: the policy's bucket, or the S3 server of its own in front of a volume. Room: policy (pure).
import type { StatefulSet } from '../api/kubernetes.ts';
import { REPOSITORY_ANNOTATION, REPOSITORY_PORT } from '../api/names.ts';
import { deriveServiceName } from '../lib/name.ts';
import type { BucketSettings, Settings, StorageSettings } from './settings.ts';

/** Settings that hold for one database: its store is known. */
export type PlacedSettings = Settings & { readonly storage: BucketSettings };

export function placeSettings(settings: Settings, workload: StatefulSet): PlacedSettings {
  return { ...settings, storage: bucketOf(settings.storage, repositoryOf(workload)) };
}

/** Name of the database whose repository it uses: its own, unless it was restored, and its history lies in its source's. */
export function repositoryOf({ metadata }: StatefulSet): string {
  return metadata.annotations?.[REPOSITORY_ANNOTATION] ?? metadata.name ?? '';
}

/** One name for all of a repository: claim, Secret, StatefulSet and Service. */
export function repositoryName(database: string): string {
  return deriveServiceName(database, 'repository');
}

/** By plain http inside the cluster: the server has no certificate. The short name resolves only in the namespace. */
function bucketOf(storage: StorageSettings, repository: string): BucketSettings {
  if (!('volume' in storage)) return storage;
  const { volume: _behind, ...use } = storage;
  const name = repositoryName(repository);
  return {
    prefix: `s3://${REPOSITORY_BUCKET}`,
    endpoint: `http://${name}:${REPOSITORY_PORT}`,
    region: 'us-east-1',
    forcePathStyle: true,
    credentialsSecret: name,
    ...use,
  };
}

/** A directory on the volume. */
export const REPOSITORY_BUCKET = 'walguard';
