// How the copy of a drill is started: with the workload's own settings, but for all that reaches beyond the copy.
// Room: lib (pure).
import { DRILL_DIR } from '../../api/names.ts';

export interface CopyTerms {
  /** The data directory of the copy. */
  readonly pgdata: string;
  readonly major: number;
  /** The user's own on the server's command line, as `name=value`. */
  readonly options: readonly string[];
  /** Has the data directory a postgresql.conf? */
  readonly hasConf: boolean;
  readonly maxPreparedTransactions: number;
}

export const COPY_CONF = `${DRILL_DIR}/postgresql.conf`;
const HBA = `${DRILL_DIR}/pg_hba.conf`;
const IDENT = `${DRILL_DIR}/pg_ident.conf`;

/** What stands in the way of recovery, or is set below. A target or a command here would win over the ones that we wrote. */
const NOT_TAKEN = /^(config_file|data_directory|restore_command|recovery_|archive_|primary_|standby_|promote_trigger)/;

/** Files beside the pipes, by their names. Whoever reaches the socket is one of the pod's two containers. */
export function buildCopyFiles({ pgdata, options, hasConf }: CopyTerms): Record<string, string> {
  const own = options.findLast((option) => option.startsWith('config_file='))?.slice('config_file='.length);
  const conf = own ?? (hasConf ? `${pgdata}/postgresql.conf` : undefined);
  return {
    // Without a file of its own Postgres runs with its defaults, and with postgresql.auto.conf.
    'postgresql.conf': conf === undefined ? '' : `include '${conf.replaceAll("'", "''")}'\n`,
    'pg_hba.conf': 'local all all trust\n',
    'pg_ident.conf': '',
  };
}

/** On the command line, where they win over every file; the last one of a name holds. */
export function buildCopyWords(terms: CopyTerms): string[] {
  const taken = terms.options.filter((option) => !NOT_TAKEN.test(option));
  const settings = [...taken, ...buildSettings(terms)];
  return ['postgres', '-D', terms.pgdata, ...settings.flatMap((setting) => ['-c', setting])];
}

function buildSettings({ major, maxPreparedTransactions }: CopyTerms): string[] {
  const settings: Record<string, string | number> = {
    config_file: COPY_CONF,
    hba_file: HBA,
    ident_file: IDENT,
    external_pid_file: '',
    // Nobody but the pod's two containers reaches it.
    listen_addresses: '',
    port: 5432,
    unix_socket_directories: DRILL_DIR,
    unix_socket_permissions: '0700',
    ssl: 'off',
    cluster_name: 'walguard-drill',
    // It reaches nobody: no archive, no primary, no publisher, no job of pg_cron.
    archive_mode: 'off',
    archive_command: '',
    recovery_end_command: '',
    archive_cleanup_command: '',
    primary_conninfo: '',
    primary_slot_name: '',
    synchronous_standby_names: '',
    max_logical_replication_workers: 0,
    'cron.launch_active_jobs': 'off',
    // Recovery without clients asks for no limit of the source's, but for what may be restored of prepared transactions.
    hot_standby: 'off',
    max_connections: 50,
    superuser_reserved_connections: 3,
    ...(maxPreparedTransactions > 0 ? { max_prepared_transactions: maxPreparedTransactions } : {}),
    ...(major >= 16 ? { reserved_connections: 0 } : {}),
    // A pod is smaller than the database's.
    shared_buffers: '128MB',
    huge_pages: 'off',
    max_parallel_workers_per_gather: 0,
    // What is looked at stays as it came back.
    autovacuum: 'off',
    ...(major >= 17 ? { event_triggers: 'off' } : {}),
    default_transaction_read_only: 'off',
    // Read by us, so in one language and one form; without statements, which may hold what nobody should read in a log.
    logging_collector: 'off',
    log_destination: 'stderr',
    log_line_prefix: '%m ',
    log_timezone: 'UTC',
    lc_messages: 'C',
    log_min_messages: 'warning',
    log_min_error_statement: 'panic',
    log_statement: 'none',
    log_duration: 'off',
    log_min_duration_statement: -1,
    log_connections: 'off',
  };
  return Object.entries(settings).map(([name, value]) => `${name}=${value}`);
}
