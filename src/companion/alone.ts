// A copy of a Patroni member as plain Postgres. It has the source's system identifier, scope and login: with Patroni it
// would join the source's cluster, as a member that has gone astray. Room: companion (pure).
// Source: Patroni's documentation (configuration files in the data directory), zalando/spilo.
import type { Container, EnvVar, PodSpec } from '../api/kubernetes.ts';
import { ANNOTATION, POSTGRES_PORT } from '../api/names.ts';
import type { PostgresServer } from '../flavour/detect.ts';
import { dockerLibrary } from '../flavour/docker-library.ts';
import { parseImage } from '../lib/image.ts';
import { findEntry, readVariable } from '../lib/variables.ts';

/** The template's pod, changed in place: the database container starts Postgres on its data directory, and nothing else. */
export function makeAlone(pod: PodSpec, server: PostgresServer): void {
  // Patroni's rights in the cluster.
  delete pod.serviceAccountName;
  delete pod.serviceAccount;
  pod.automountServiceAccountToken = false;
  const container = pod.containers.find(({ name }) => name === server.container.name);
  if (!container) return;
  removePatroniHooks(container);
  const directory = readVariable(container, 'PATRONI_POSTGRESQL_BIN_DIR');
  container.command = [directory === undefined ? 'postgres' : `${directory}/postgres`];
  container.args = buildArguments(server);
  container.env = buildEnv(container, server);
  const { uid, gid } = server.identity;
  container.securityContext = { ...container.securityContext, runAsUser: uid, runAsGroup: gid };
  if (pod.securityContext?.fsGroup !== undefined) {
    pod.initContainers = [...(pod.initContainers ?? []), buildModeContainer(container, server)];
  }
}

/** The kubelet widens a directory's mode for fsGroup at each start; Patroni takes that back, and Postgres refuses it. */
function buildModeContainer({ image, imagePullPolicy, securityContext }: Container, server: PostgresServer): Container {
  return {
    name: 'data-directory-mode',
    ...(image === undefined ? {} : { image }),
    ...(imagePullPolicy === undefined ? {} : { imagePullPolicy }),
    command: ['chmod', '0700', server.pgdata],
    ...(securityContext ? { securityContext: structuredClone(securityContext) } : {}),
    volumeMounts: [structuredClone(server.dataMount)],
  };
}

/** How such a copy is to be read from now on. */
export function aloneAnnotations(server: PostgresServer, annotations: Record<string, string>): Record<string, string> {
  const { [ANNOTATION.archiveSettings]: _patronis, ...kept } = annotations;
  return {
    ...kept,
    // The image does not tell any more which container it is.
    [ANNOTATION.container]: server.container.name,
    [ANNOTATION.flavour]: dockerLibrary.id,
    [ANNOTATION.runAsUser]: String(server.identity.uid),
  };
}

/**
 * The configuration that Patroni left in the data directory is the source's: it may listen at the address of a pod that
 * is not this one, and wait for standbys that this one has not.
 */
function buildArguments({ container, port }: PostgresServer): string[] {
  const options = ['listen_addresses=*', 'synchronous_standby_names='];
  if (port !== POSTGRES_PORT) options.push(`port=${port}`);
  // Spilo makes a certificate, and the directory of the socket, outside of the data at its own start.
  if (isSpilo(container)) options.push('unix_socket_directories=/tmp');
  if (isSpilo(container) && !findEntry(container, 'SSL_CERTIFICATE_FILE')) options.push('ssl=off');
  return options.flatMap((option) => ['-c', option]);
}

function isSpilo({ image }: Container): boolean {
  return parseImage(image ?? '').name.startsWith('spilo');
}

/** Names of the superuser's login to names that the flavour of the copy reads, each in its order. */
const LOGIN: Readonly<Record<string, string>> = {
  PATRONI_SUPERUSER_USERNAME: 'POSTGRES_USER',
  PATRONI_SUPERUSER_PASSWORD: 'POSTGRES_PASSWORD',
  PGUSER_SUPERUSER: 'DB_USERNAME',
  PGPASSWORD_SUPERUSER: 'DB_PASSWORD',
};

/** Of Patroni and Spilo: its own, where its members are, what they archive by, whom it labels in Kubernetes. */
const PATRONIS =
  /^(PATRONI_|SPILO_|SCOPE$|PGROOT$|PGDATA$|APIPORT$|ETCD|ZOOKEEPER_|CONSUL_|EXHIBITOR_|KUBERNETES_|DCS_|CLONE_|STANDBY_|WAL_|WALE_|WALG_|USE_WAL|BACKUP_|CRONTAB$|PG(USER|PASSWORD)_)/;

/** What a whole source may give is named by a reference; one to nothing counts as none. */
function buildEnv(container: Container, { pgdata }: PostgresServer): EnvVar[] {
  const env = container.env ?? [];
  const kept = env.filter(({ name }) => !PATRONIS.test(name) && !Object.values(LOGIN).includes(name));
  const login = Object.entries(LOGIN).flatMap(([patronis, name]) => {
    const entry = findEntry(container, patronis);
    if (entry) return [{ ...entry, name }];
    return container.envFrom ? [{ name, value: `$(${patronis})` }] : [];
  });
  return [...kept, ...login, { name: 'PGDATA', value: pgdata }];
}

/** Probes and hooks that ask Patroni would fail for ever. */
function removePatroniHooks(container: Container): void {
  const port = restPortOf(container);
  const names = (container.ports ?? []).filter(({ containerPort }) => containerPort === port).map(({ name }) => name);
  const isPatronis = (field: unknown) => {
    const text = JSON.stringify(field);
    return (
      /patroni/i.test(text) ||
      new RegExp(`(?<!\\d)${port}(?!\\d)`).test(text) ||
      names.some((name) => name !== undefined && text.includes(`"port":"${name}"`))
    );
  };
  for (const field of ['readinessProbe', 'livenessProbe', 'startupProbe', 'lifecycle']) {
    if (container[field] !== undefined && isPatronis(container[field])) delete container[field];
  }
}

const REST_PORT = 8008;

function restPortOf(container: Container): number {
  const listen = readVariable(container, 'PATRONI_RESTAPI_LISTEN') ?? '';
  return Number(/:(\d+)$/.exec(listen)?.[1] ?? readVariable(container, 'APIPORT')) || REST_PORT;
}
