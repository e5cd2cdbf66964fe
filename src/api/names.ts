// Every name that walguard shares with the world: annotations, labels, ports, object names. Room: api (pure).

export const GROUP = 'walguard.dev';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}`;

/** Of walguard itself. */
export const WALGUARD_VERSION = '0.1.0';

/** Annotations a user writes on the StatefulSet. */
export const ANNOTATION = {
  /** Name of the BackupPolicy that protects this database. */
  policy: `${GROUP}/policy`,
  /** Written reason why this database needs no backup policy. */
  exempt: `${GROUP}/exempt`,
  /** Last day (YYYY-MM-DD, UTC) on which the exemption holds. */
  exemptUntil: `${GROUP}/exempt-until`,
  /** Name of the container that runs Postgres, where it cannot be found by its image. */
  container: `${GROUP}/container`,
  /** Id of the flavour, where the image's name does not tell. */
  flavour: `${GROUP}/flavour`,
  /** Who passes the archive settings: managed (walguard, the default) | take-over | external (the user). */
  archiveSettings: `${GROUP}/archive-settings`,
  /** Numeric uid under which Postgres runs, where the image's default does not hold. */
  runAsUser: `${GROUP}/run-as-user`,
} as const;

/** On the pod template, written by inject and read by strip: what inject had to create to make room for its own. */
export const INJECTION_ANNOTATION = `${GROUP}/injection`;

/** On what a Restore made, its uid: a later Restore of the same name must not take it for its own. */
export const RESTORED_BY_ANNOTATION = `${GROUP}/restored-by`;

/** On a Restore, who asked for it: the webhook writes it from the request, and nobody else can. */
export const REQUESTED_BY_ANNOTATION = `${GROUP}/requested-by`;

/** On a StatefulSet that a Restore made, name of the database whose repository volume it reads and writes too. */
export const REPOSITORY_ANNOTATION = `${GROUP}/repository`;

/** On the webhook's TLS Secret, `leaf` or `ca`: renew it now. The controller takes it away when that is done. */
export const RENEW_ANNOTATION = `${GROUP}/renew`;

/** On a Secret that the chart may copy (storage.copySecrets): namespaces that may have it, with commas between; `*` for all. */
export const COPY_TO_ANNOTATION = `${GROUP}/copy-to`;

/** On a namespace: those whose databases may have their drills run in it, with commas between; `*` for all. */
export const DRILLS_OF_ANNOTATION = `${GROUP}/drills-of`;

export const LABEL = {
  /** Name of the StatefulSet that an object of ours serves. */
  database: `${GROUP}/database`,
  /** Name of the database pod that an object of ours serves. */
  instance: `${GROUP}/instance`,
  /** Id of the companion: base-backup, restore. */
  companion: `${GROUP}/companion`,
  /** Name of the Restore that an object belongs to. */
  restore: `${GROUP}/restore`,
  /** Name of the drill in the policy that an object rehearses. */
  drill: `${GROUP}/drill`,
  /** Namespace of that StatefulSet, on what serves it from another one: a drill that runs elsewhere. */
  databaseNamespace: `${GROUP}/database-namespace`,
  /** On a namespace: enforce | warn | audit | off. */
  mode: `${GROUP}/mode`,
  managedBy: 'app.kubernetes.io/managed-by',
} as const;

/** Server-side apply's owner of every field that the controller writes. */
export const FIELD_MANAGER = 'walguard';

/** One name for all that is injected: the sidecar container and the emptyDir shared with the database container. */
export const SIDECAR = 'walguard';

/** The init container of a restored database that recovers it before the image's own start-up, and its scratch volume. */
export const RECOVER = 'walguard-recover';

/** The volume of credentials, keys and certificates that only the sidecar and the jobs mount. */
export const STORAGE_VOLUME = 'walguard-storage';

/** The emptyDir of the sidecar alone, with the sockets that the engine itself listens on. */
export const RUN_VOLUME = 'walguard-run';

/** Where the shared emptyDir is mounted, in the sidecar (read-write) and in the database container (read-only). */
export const SHARED_DIR = '/walguard';

/** Where the other two are mounted. */
export const STORAGE_DIR = '/walguard-storage';
export const RUN_DIR = '/walguard-run';

/** Below it: the key of client-side encryption, the store's own CA, the CA of this Kubernetes cluster. */
export const ENCRYPTION_KEY_FILE = 'encryption-key';
export const STORE_CA_FILE = 'store-ca.crt';
export const CLUSTER_CA_FILE = 'cluster-ca.crt';

/** Below it too, in jobs that write evidence and nowhere else: the key that signs it, from this Secret of the namespace. */
export const EVIDENCE_SECRET = 'walguard-evidence';
export const EVIDENCE_KEY_FOLDER = 'evidence-key';
export const EVIDENCE_KEY_DIR = `${STORAGE_DIR}/${EVIDENCE_KEY_FOLDER}`;

/** Entries of that Secret, and files there: PKCS8 and SPKI, PEM. */
export const EVIDENCE_PRIVATE_KEY = 'private.pem';
export const EVIDENCE_PUBLIC_KEY = 'public.pem';

/** In a dump's pod: what its two containers share, and where the claim for dumps is mounted. */
export const DUMP_DIR = '/walguard-dump';
export const DUMP_VOLUME_DIR = '/walguard-dumps';

/** In a drill's pod: what its two containers share, and the checks of its ConfigMap. */
export const DRILL_DIR = '/walguard-drill';
export const DRILL_CHECKS_DIR = '/walguard-drill-checks';

/** Called by Postgres as archive_command and restore_command; the sidecar puts them there for its engine. */
export const ARCHIVE_SCRIPT = `${SHARED_DIR}/bin/archive-wal`;
export const RESTORE_SCRIPT = `${SHARED_DIR}/bin/restore-wal`;

/** Unix sockets of the gates before the archiving daemon, and before the one that serves a recovery from another prefix. */
export const ARCHIVE_SOCKET = `${SHARED_DIR}/archive.sock`;
export const RECOVERY_SOCKET = `${SHARED_DIR}/recovery.sock`;

/** Those of the daemons themselves, which do whatever they are told. */
export const ARCHIVE_ENGINE_SOCKET = `${RUN_DIR}/archive.sock`;
export const RECOVERY_ENGINE_SOCKET = `${RUN_DIR}/recovery.sock`;

/**
 * In it the Unix second until which archive_command lets WAL go, where the policy says onStorageFull: dropAndRebase. The sidecar
 * renews it every few seconds, so that nothing is let go any more when it is not there to watch.
 */
export const LETTING_GO_MARKER = `${SHARED_DIR}/let-wal-go-until`;

/** TCP port of the sidecar's /healthz, /status and /metrics. */
export const SIDECAR_PORT = 9432;

export const POSTGRES_PORT = 5432;

/** Of the S3 server in front of a repository volume. */
export const REPOSITORY_PORT = 7070;

/** In PGDATA beside recovery.signal: from which prefix the running recovery reads WAL, and to which target. */
/** Of a Restore that has stopped its database: it goes once that runs again. */
export const IN_PLACE_FINALIZER = `${GROUP}/in-place`;

export const RESTORE_RECORD = 'walguard-restore.json';

/** The same, once Postgres is promoted: where these data came from. */
export const RESTORE_RECORD_DONE = 'walguard-restore.done.json';

/** In PGDATA, where it outlives the pod: from when to when WAL was let go. */
export const LETTING_GO_RECORD = 'walguard-dropped.json';

/** Beside it: room for the record on a volume that is full. */
export const LETTING_GO_RESERVE = 'walguard-dropped.reserve';

/** Keys of the storage Secret, named as the AWS tools name them. */
export const CREDENTIAL_KEYS = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const;

/** Entry of the Secret that an encryption names: 32 bytes in hexadecimal. */
export const ENCRYPTION_KEY = 'key';

/** Entry of the Secret with the CA of a private store, as cert-manager names it. */
export const CA_KEY = 'ca.crt';

/** Exit codes of the CLI. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  unreachable: 4,
  timeout: 124,
  interrupted: 130,
} as const;
