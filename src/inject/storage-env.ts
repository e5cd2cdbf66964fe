// Storage settings as the variables both engines read. No secrets here: those are files. Room: inject (pure).
import type { EnvVar, StatefulSet, Volume } from '../api/kubernetes.ts';
import {
  CA_KEY,
  CLUSTER_CA_FILE,
  CREDENTIAL_KEYS,
  ENCRYPTION_KEY,
  ENCRYPTION_KEY_FILE,
  SIDECAR,
  STORAGE_DIR,
  STORAGE_VOLUME,
  STORE_CA_FILE,
} from '../api/names.ts';
import { readVariable } from '../lib/variables.ts';
import type { PlacedSettings } from '../policy/place.ts';
import type { BucketSettings } from '../policy/settings.ts';

/**
 * Set by us because the engines' defaults lose data or hang (WAL-G 3.0.9 and walrus 0.4.1, measured):
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
export function buildStorageEnv({ storage, archive }: PlacedSettings): EnvVar[] {
  return [
    { name: 'WALGUARD_STORAGE_PREFIX', value: storage.prefix },
    ...(storage.endpoint === undefined ? [] : [{ name: 'AWS_ENDPOINT', value: storage.endpoint }]),
    { name: 'AWS_REGION', value: storage.region },
    { name: 'AWS_S3_FORCE_PATH_STYLE', value: String(storage.forcePathStyle) },
    ...buildEncryptionEnv(storage),
    ...(storage.caSecret === undefined ? [] : [{ name: 'SSL_CERT_FILE', value: `${STORAGE_DIR}/${STORE_CA_FILE}` }]),
    { name: 'WALG_COMPRESSION_METHOD', value: archive.compression },
    ...GUARDS,
  ];
}

/** The path of the key is always told where there is to be one: an engine that finds no key there refuses to write. */
function buildEncryptionEnv({ encryptionKeySecret, serverSideEncryption }: BucketSettings): EnvVar[] {
  const { algorithm, kmsKeyId } = serverSideEncryption ?? {};
  return [
    ...(encryptionKeySecret === undefined
      ? []
      : [
          { name: 'WALG_LIBSODIUM_KEY_PATH', value: `${STORAGE_DIR}/${ENCRYPTION_KEY_FILE}` },
          { name: 'WALG_LIBSODIUM_KEY_TRANSFORM', value: 'hex' },
        ]),
    ...(algorithm === undefined ? [] : [{ name: 'WALG_S3_SSE', value: algorithm }]),
    ...(kmsKeyId === undefined ? [] : [{ name: 'WALG_S3_SSE_KMS_ID', value: kmsKeyId }]),
  ];
}

interface Source {
  readonly name: string;
  readonly optional: boolean;
  readonly items: readonly { readonly key: string; readonly path: string }[];
}

/**
 * Credentials, key and certificates as files: what is rotated arrives without a restart. All optional: one that is missing
 * must not stop the database.
 */
export function buildStorageVolume({ storage }: PlacedSettings): Volume {
  const { credentialsSecret, encryptionKeySecret, caSecret } = storage;
  const credentials = CREDENTIAL_KEYS.map((key) => ({ key, path: key }));
  const sources = [
    { secret: source(credentialsSecret, ...credentials) },
    ...(encryptionKeySecret === undefined
      ? []
      : [{ secret: source(encryptionKeySecret, { key: ENCRYPTION_KEY, path: ENCRYPTION_KEY_FILE }) }]),
    ...(caSecret === undefined ? [] : [{ secret: source(caSecret, { key: CA_KEY, path: STORE_CA_FILE }) }]),
    // In every namespace; it tells which Kubernetes cluster this is.
    { configMap: source('kube-root-ca.crt', { key: 'ca.crt', path: CLUSTER_CA_FILE }) },
  ];
  return { name: STORAGE_VOLUME, projected: { sources, defaultMode: 0o444 } };
}

function source(name: string, ...items: Source['items']): Source {
  return { name, optional: true, items };
}

/**
 * Where an injected database archives, whatever its policy says by now: a changed policy reaches the sidecar with the next
 * rollout, and a base backup without the WAL beside it could not be restored. Undefined where nothing is injected.
 */
export function readInjectedStorage({ spec }: StatefulSet): BucketSettings | undefined {
  const { initContainers = [], volumes = [] } = spec.template.spec;
  const sidecar = initContainers.find(({ name }) => name === SIDECAR);
  const read = (name: string) => (sidecar ? readVariable(sidecar, name) : undefined);
  const secrets = readSecretNames(volumes.find(({ name }) => name === STORAGE_VOLUME));
  const [prefix, region, endpoint] = [read('WALGUARD_STORAGE_PREFIX'), read('AWS_REGION'), read('AWS_ENDPOINT')];
  const [algorithm, kmsKeyId] = [read('WALG_S3_SSE'), read('WALG_S3_SSE_KMS_ID')];
  if (prefix === undefined || region === undefined || secrets?.credentialsSecret === undefined) return undefined;
  return {
    prefix,
    ...(endpoint === undefined ? {} : { endpoint }),
    region,
    forcePathStyle: read('AWS_S3_FORCE_PATH_STYLE') === 'true',
    ...secrets,
    ...(algorithm === 'AES256' || algorithm === 'aws:kms'
      ? { serverSideEncryption: { algorithm, ...(kmsKeyId === undefined ? {} : { kmsKeyId }) } }
      : {}),
  };
}

/** By the file that each is for. */
const SECRETS = [
  ['credentialsSecret', CREDENTIAL_KEYS[0]],
  ['encryptionKeySecret', ENCRYPTION_KEY_FILE],
  ['caSecret', STORE_CA_FILE],
] as const;

type SecretNames = Pick<BucketSettings, 'credentialsSecret' | 'encryptionKeySecret' | 'caSecret'>;

function readSecretNames(volume: Volume | undefined): SecretNames | undefined {
  const { sources = [] } = (volume?.projected ?? {}) as { sources?: { secret?: Source }[] };
  const names = SECRETS.flatMap(([key, file]) => {
    const found = sources.find(({ secret }) => secret?.items?.some(({ path }) => path === file));
    return found?.secret ? [[key, found.secret.name]] : [];
  });
  return names.some(([key]) => key === 'credentialsSecret') ? Object.fromEntries(names) : undefined;
}
