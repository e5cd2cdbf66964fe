// Recovery before the image's own start-up, where that would undo it: Postgres by itself, in an init container behind the
// sidecar, until it is promoted. Room: inject (pure).
import type { Container, EnvVar, StatefulSet, Volume } from '../api/kubernetes.ts';
import { RECOVER, RESTORED_BY_ANNOTATION, SHARED_DIR, SIDECAR } from '../api/names.ts';
import type { PostgresServer } from '../flavour/detect.ts';
import { cloneJson } from '../lib/json.ts';
import { findEntry } from '../lib/variables.ts';

/** Its own configuration and socket: the image makes its configuration at a start only, outside of the data. */
const DIR = '/walguard-recover';

/**
 * A no-op wherever there is nothing to recover. Nobody is let in: whether it is promoted, pg_control tells; a base backup
 * says "in production" too, until recovery begins, so the signal file must be gone as well. Postgres refuses or cannot
 * finish a recovery with lower limits than the source had, or in a directory whose mode the pod's fsGroup has widened. archive_mode stays on without a command: what the promotion
 * makes (the timeline's history) is kept to be archived by the real start.
 */
export const RECOVER_SCRIPT = `
data=\${PGDATA:-$WALGUARD_PGDATA}
[ -e "$data/recovery.signal" ] || exit 0
control() { LC_ALL=C pg_controldata -D "$data" | sed -n "s/^$1: *//p"; }
: > ${DIR}/postgresql.conf
echo 'local all all reject' > ${DIR}/pg_hba.conf
rm -f "$data/postmaster.pid"
chmod 0700 "$data"
postgres -D "$data" -c config_file=${DIR}/postgresql.conf -c hba_file=${DIR}/pg_hba.conf \\
  -c listen_addresses= -c unix_socket_directories=${DIR} -c ssl=off -c hot_standby=off \\
  -c logging_collector=off -c log_destination=stderr \\
  -c archive_mode=on -c archive_command= \\
  -c max_connections="$(control 'max_connections setting')" \\
  -c max_worker_processes="$(control 'max_worker_processes setting')" \\
  -c max_wal_senders="$(control 'max_wal_senders setting')" \\
  -c max_prepared_transactions="$(control 'max_prepared_xacts setting')" \\
  -c max_locks_per_transaction="$(control 'max_locks_per_xact setting')" &
postgres=$!
trap 'kill -INT $postgres' TERM INT
while kill -0 $postgres 2>/dev/null; do
  if [ ! -e "$data/recovery.signal" ] && [ "$(control 'Database cluster state')" = 'in production' ]; then
    echo 'walguard: recovered and promoted; the image starts Postgres now'
    kill -INT $postgres
    wait $postgres
    exit
  fi
  sleep 1
done
wait $postgres
echo "walguard: Postgres ended with code $? before it was promoted" >&2
exit 1
`.trim();

export interface Recovery {
  readonly containers: readonly Container[];
  readonly volumes: readonly Volume[];
}

/** To be placed after the sidecar, which serves the replay. Empty but for restored databases of such images. */
export function buildRecovery({ metadata }: StatefulSet, server: PostgresServer): Recovery {
  const isRestored = metadata.annotations?.[RESTORED_BY_ANNOTATION] !== undefined;
  if (!isRestored || server.flavour.recovery !== 'before-start') return { containers: [], volumes: [] };
  return { containers: [buildContainer(server)], volumes: [{ name: RECOVER, emptyDir: { sizeLimit: '16Mi' } }] };
}

function buildContainer(server: PostgresServer): Container {
  const { image, imagePullPolicy, envFrom, resources, securityContext, volumeMounts } = cloneJson(server.container);
  const { uid, gid } = server.identity;
  return {
    name: RECOVER,
    ...(image === undefined ? {} : { image }),
    ...(imagePullPolicy === undefined ? {} : { imagePullPolicy }),
    command: ['/bin/sh', '-c', RECOVER_SCRIPT],
    ...(envFrom ? { envFrom } : {}),
    env: buildEnv(server),
    ...(resources === undefined ? {} : { resources }),
    // Postgres does not run as root; images that are started as root step down by themselves.
    securityContext: { ...securityContext, runAsUser: uid, runAsGroup: gid },
    volumeMounts: [
      ...(volumeMounts ?? []),
      { name: SIDECAR, mountPath: SHARED_DIR, readOnly: true },
      { name: RECOVER, mountPath: DIR },
    ],
  };
}

/** The data directory as the sidecar is told it. */
function buildEnv({ container, pgdata }: PostgresServer): EnvVar[] {
  const isOpen = container.envFrom !== undefined && findEntry(container, 'PGDATA') === undefined;
  const others = cloneJson(container.env ?? []).filter(({ name }) => name !== 'PGDATA');
  return [...others, { name: isOpen ? 'WALGUARD_PGDATA' : 'PGDATA', value: pgdata }];
}
