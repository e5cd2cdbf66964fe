// The table behind `explain`: for each place that injection writes to, who asked for it. Room: inject (pure).
import type { Container, StatefulSet } from '../api/kubernetes.ts';
import { ANNOTATION, INJECTION_ANNOTATION, RECOVER, RUN_VOLUME, SIDECAR, STORAGE_VOLUME } from '../api/names.ts';
import { detect } from '../flavour/detect.ts';
import type { Path } from '../lib/difference.ts';
import { isObject } from '../lib/json.ts';
import type { Settings } from '../policy/settings.ts';

export interface ExplainContext {
  readonly before: StatefulSet;
  readonly after: StatefulSet;
  readonly settings: Settings;
}

/** First the place, then what is known of the value there. */
export function explainField(path: Path, value: unknown, context: ExplainContext): string {
  const [top, key, , list, index, ...rest] = path;
  if (top === 'metadata') return `policy ${context.settings.policy}, assumed where no ${ANNOTATION.policy} names one`;
  if (key !== 'template' || list === undefined) return byFlavour(context);
  if (list === 'annotations')
    return `rule: ${INJECTION_ANNOTATION} records what was made, so that removal leaves nothing`;
  if (list === 'volumes') return explainVolume(nameOf(value), context);
  if (list === 'initContainers' && containerAt(context, list, index)?.name === SIDECAR) {
    return explainSidecar(rest, value, context);
  }
  if (list === 'initContainers') return RECOVERY;
  return explainDatabase(rest, value, context);
}

/** Only in a restored database of such an image. */
const RECOVERY = "rule: recovery before the image's own start-up, which would undo it";

const ENGINE_SOCKETS = "rule: the engine's own sockets are out of the database container's reach";

function explainVolume(name: string | undefined, context: ExplainContext): string {
  if (name === RECOVER) return RECOVERY;
  if (name === RUN_VOLUME) return ENGINE_SOCKETS;
  if (name === STORAGE_VOLUME) return bySetting('spec.storage.s3.credentialsSecret', context);
  return 'rule: Postgres and the sidecar share a directory for the archive command and its socket';
}

/** What is put into the container that runs Postgres. */
function explainDatabase([field]: Path, value: unknown, context: ExplainContext): string {
  const { settings } = context;
  if (field === 'volumeMounts')
    return 'rule: Postgres calls the archive command in the shared directory, and only reads there';
  if (field === 'env') return `${byFlavour(context)}: settings are given in this variable`;
  if (typeof value !== 'string') return byFlavour(context);
  if (value.startsWith('archive_timeout=')) return `${policy(settings)} spec.archive.timeout`;
  if (value.startsWith('archive_')) return `annotation ${ANNOTATION.policy}: a database with a policy is archived`;
  return `${byFlavour(context)}: settings are arguments of the server`;
}

const SIDECAR_FIELDS: Readonly<Record<string, string>> = {
  name: 'rule: all that walguard adds bears its name',
  args: 'rule: the sidecar runs the archiving daemon',
  restartPolicy: 'rule: a native sidecar starts before Postgres and ends after it',
  ports: 'rule: the controller reads the state of archiving there',
  resources: 'rule: archiving must not starve the database',
};

function explainSidecar([field, member]: Path, value: unknown, context: ExplainContext): string {
  switch (field) {
    case 'image':
      return "option --image, or the chart's image";
    case 'env':
      return explainVariable(nameOf(value) ?? '', context);
    case 'envFrom':
      return `copied from container "${serverOf(context)?.container.name}": the sidecar connects as it does`;
    case 'securityContext':
      return explainIdentity(String(member), context);
    case 'volumeMounts':
      return explainMount(nameOf(value), context);
    default:
      return SIDECAR_FIELDS[String(field)] ?? byFlavour(context);
  }
}

/** Variables that a setting of the policy decides. */
const SETTINGS_VARIABLES: Readonly<Record<string, string>> = {
  WALGUARD_STORAGE_PREFIX: 'spec.storage.s3.prefix',
  AWS_ENDPOINT: 'spec.storage.s3.endpoint',
  AWS_REGION: 'spec.storage.s3.region',
  AWS_S3_FORCE_PATH_STYLE: 'spec.storage.s3.forcePathStyle',
  WALG_LIBSODIUM_KEY_PATH: 'spec.encryption.keySecret',
  WALG_LIBSODIUM_KEY_TRANSFORM: 'spec.encryption.keySecret',
  WALG_S3_SSE: 'spec.storage.s3.serverSideEncryption.algorithm',
  WALG_S3_SSE_KMS_ID: 'spec.storage.s3.serverSideEncryption.kmsKeyId',
  SSL_CERT_FILE: 'spec.storage.s3.caSecret',
  WALG_COMPRESSION_METHOD: 'spec.archive.compression',
  WALGUARD_ARCHIVE_TIMEOUT: 'spec.archive.timeout',
  WALGUARD_ON_STORAGE_FULL: 'spec.archive.onStorageFull',
  WALGUARD_SWITCH_AT_LEAST_EVERY: 'spec.archive.switchAtLeastEvery',
};

function explainVariable(name: string, context: ExplainContext): string {
  const setting = SETTINGS_VARIABLES[name];
  if (setting !== undefined) return bySetting(setting, context);
  if (name === 'WALGUARD_SHUTDOWN_SECONDS') return 'spec.template.spec.terminationGracePeriodSeconds, less 5 s';
  const { annotations = {} } = context.before.metadata;
  if (name === 'WALGUARD_SETTINGS_MODE') {
    const isStated = annotations[ANNOTATION.archiveSettings] !== undefined;
    return isStated ? `annotation ${ANNOTATION.archiveSettings}` : 'rule: walguard passes the archive settings itself';
  }
  const container = serverOf(context)?.container;
  if (container?.env?.some((each) => each.name === name)) return `copied from container "${container.name}"`;
  if (/^(WALG_|GOMEMLIMIT)/.test(name)) return 'rule: no engine default that loses data, hangs or takes all memory';
  if (/^(WALGUARD_(DATABASE|NAMESPACE|POD|NODE)|HOME|USER)$/.test(name)) {
    return 'rule: the sidecar knows its pod from the pod itself';
  }
  return byFlavour(context);
}

function explainIdentity(field: string, context: ExplainContext): string {
  const { before } = context;
  if (field !== 'runAsUser' && field !== 'runAsGroup') return 'rule: Pod Security "restricted"';
  if (field === 'runAsUser' && before.metadata.annotations?.[ANNOTATION.runAsUser] !== undefined) {
    return `annotation ${ANNOTATION.runAsUser}`;
  }
  const server = serverOf(context);
  if (server?.container.securityContext?.[field]) return `copied from container "${server.container.name}"`;
  if (before.spec.template.spec.securityContext?.[field]) return `spec.template.spec.securityContext.${field}`;
  return `${byFlavour(context)}: files in the data directory are its user's alone`;
}

function explainMount(name: string | undefined, context: ExplainContext): string {
  if (name === STORAGE_VOLUME) return 'rule: storage credentials only in the sidecar';
  if (name === RUN_VOLUME) return ENGINE_SOCKETS;
  if (name === SIDECAR) return 'rule: the sidecar puts the archive command into the shared directory';
  return `copied from container "${serverOf(context)?.container.name}": WAL is read where Postgres writes it`;
}

/** Where the store is a volume, all of a bucket follows from it. */
function bySetting(field: string, { settings }: ExplainContext): string {
  const isBucket = 'prefix' in settings.storage || !field.startsWith('spec.storage.s3.');
  return `${policy(settings)} ${isBucket ? field : 'spec.storage.volume'}`;
}

function policy({ policy: name }: Settings): string {
  return `BackupPolicy/${name}`;
}

function byFlavour(context: ExplainContext): string {
  const { before } = context;
  const id = serverOf(context)?.flavour.id ?? 'unknown';
  const stated = before.metadata.annotations?.[ANNOTATION.flavour] === undefined ? '' : `, by ${ANNOTATION.flavour}`;
  return `flavour ${id}${stated}`;
}

function serverOf({ before }: ExplainContext) {
  const detection = detect(before);
  return detection.kind === 'server' ? detection.server : undefined;
}

function containerAt({ after }: ExplainContext, list: string | number, index: unknown): Container | undefined {
  const { spec } = after.spec.template;
  return list === 'initContainers' ? spec.initContainers?.[Number(index)] : undefined;
}

function nameOf(value: unknown): string | undefined {
  return isObject(value) && typeof value.name === 'string' ? value.name : undefined;
}
