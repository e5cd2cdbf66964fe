// Storage settings as the variables both engines read. No secrets here: those are files. Room: inject (pure).
import type { EnvVar, StatefulSet } from '../api/kubernetes.ts';
import { SIDECAR, STORAGE_VOLUME } from '../api/names.ts';
import { readVariable } from '../lib/variables.ts';
import type { Settings, StorageSettings } from '../policy/settings.ts';

/**
 * Set by us because the engines' defaults lose data or hang (facts: WAL-G 3.0.9 and walrus 0.4.1, measured):
 * a changed segment of the same name is an error, not an overwrite; a dead store fails in seconds, not after 15 minutes;
 * a base backup whose WAL cannot be archived gives up; memory stays bounded.
 */
const GUARDS: readonly EnvVar[] = [
  { name: 'WALG_PREVENT_WAL_OVERWRITE', value: 'true' },
  { name: 'WALG_S3_MAX_RETRIES', value: '5' },
  { name: 'WALG_STOP_BACKUP_TIMEOUT', value: '10m' },
  { name: 'WALG_DOWNLOAD_FILE_RETRIES', value: '3' },
  { name: 'WALG_UPLOAD_CONCURRENCY', value: '4' },
  { name: 'WALG_DOWNLOAD_CONCURRENCY', value: '4' },
  { name: 'GOMEMLIMIT', value: '256MiB' },
];

/** The policy's own prefix goes in WALGUARD_STORAGE_PREFIX: the engine's is made from it and the cluster's identity. */
export function buildStorageEnv({ storage, archive }: Settings): EnvVar[] {
  return [
    { name: 'WALGUARD_STORAGE_PREFIX', value: storage.prefix },
    ...(storage.endpoint === undefined ? [] : [{ name: 'AWS_ENDPOINT', value: storage.endpoint }]),
    { name: 'AWS_REGION', value: storage.region },
    { name: 'AWS_S3_FORCE_PATH_STYLE', value: String(storage.forcePathStyle) },
    { name: 'WALG_COMPRESSION_METHOD', value: archive.compression },
    ...GUARDS,
  ];
}

/**
 * Where an injected database archives, whatever its policy says by now: a changed policy reaches the sidecar with the next
 * rollout, and a base backup without the WAL beside it could not be restored. Undefined where nothing is injected.
 */
export function readInjectedStorage({ spec }: StatefulSet): StorageSettings | undefined {
  const { initContainers = [], volumes = [] } = spec.template.spec;
  const sidecar = initContainers.find(({ name }) => name === SIDECAR);
  const read = (name: string) => (sidecar ? readVariable(sidecar, name) : undefined);
  const secret = volumes.find(({ name }) => name === STORAGE_VOLUME)?.secret as { secretName?: string } | undefined;
  const [prefix, region, endpoint] = [read('WALGUARD_STORAGE_PREFIX'), read('AWS_REGION'), read('AWS_ENDPOINT')];
  if (prefix === undefined || region === undefined || secret?.secretName === undefined) return undefined;
  return {
    prefix,
    ...(endpoint === undefined ? {} : { endpoint }),
    region,
    forcePathStyle: read('AWS_S3_FORCE_PATH_STYLE') === 'true',
    credentialsSecret: secret.secretName,
  };
}
