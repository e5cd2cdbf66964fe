// A real Postgres in a pod of the tier: initialised, started, stopped in every way, started again.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readIdentity } from '../../../src/agent/data-directory.ts';
import { type Connection, withClient } from '../../../src/tools/connection.ts';
import { type Ended, exitCodeOf, killTree, type Pod } from './pod.ts';
import { findFreePort } from './store.ts';

export interface PostgresOptions {
  /** Name of the data directory in the pod's directory; `data` if not given. */
  readonly name?: string;
  /** Further settings, over the tier's own. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Command-line arguments, as inject adds them. */
  readonly args?: readonly string[];
  /** Of a WAL segment; 16 MiB if not given. */
  readonly segmentMegabytes?: number;
}

export interface Postgres {
  readonly pod: Pod;
  /** The same path inside and outside of the pod. */
  readonly pgdata: string;
  readonly port: number;
  readonly connection: Connection;
  /** Decimal, of the data directory. */
  readonly systemIdentifier: () => Promise<string>;
  /** Rows of the last statement; each text runs as one transaction unless it says otherwise. */
  readonly sql: <Row extends Record<string, unknown> = Record<string, unknown>>(text: string) => Promise<Row[]>;
  /** The first column of the first row, as text. */
  readonly value: (text: string) => Promise<string>;
  /** Resolves once it accepts connections; rejects with the log's end when it ends before that. */
  readonly start: () => Promise<void>;
  /** Starts it and resolves with its exit code, for what is expected to end by itself. */
  readonly runToEnd: (onLog?: (text: string) => void) => Promise<Ended>;
  /** fast: SIGINT; immediate: SIGQUIT; kill: SIGKILL for all its processes. */
  readonly stop: (mode?: 'fast' | 'immediate' | 'kill') => Promise<void>;
  readonly isRunning: () => boolean;
  /** All that it wrote to stderr since it was first started. */
  readonly log: () => string;
}

const PASSWORD = 'postgres-password';

/** Fast rather than durable: the machine does not lose power in a test. */
const SETTINGS = { fsync: 'off', shared_buffers: '16MB', max_connections: '30', log_checkpoints: 'off' };

/** initdb and start. */
export async function startPostgres(pod: Pod, options: PostgresOptions = {}): Promise<Postgres> {
  const { name = 'data', segmentMegabytes = 16 } = options;
  const pgdata = await pod.makeDirectory(name);
  const passwordFile = join(pod.directory, 'password');
  await writeFile(passwordFile, PASSWORD);
  const auth = ['-U', 'postgres', '--auth-local=trust', '--auth-host=scram-sha-256', `--pwfile=${passwordFile}`];
  const initdb = ['-D', pgdata, '--no-sync', '--no-locale', '-E', 'UTF8', `--wal-segsize=${segmentMegabytes}`, ...auth];
  const { code, stderr } = await pod.run(`${pod.bin}/initdb`, initdb);
  if (code !== 0) throw new Error(`initdb ended with ${code}: ${stderr}`);
  const postgres = await adoptPostgres(pod, pgdata, options);
  await postgres.start();
  return postgres;
}

/** A data directory that is there already, such as a restored one: nothing is started yet. */
export async function adoptPostgres(pod: Pod, pgdata: string, options: PostgresOptions = {}): Promise<Postgres> {
  const port = await findFreePort();
  const connection = { host: '127.0.0.1', port, user: 'postgres', password: PASSWORD };
  await writeSettings(pgdata, {
    ...SETTINGS,
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: await pod.makeDirectory('run'),
    ...options.settings,
  });
  let child: ChildProcess | undefined;
  let log = '';

  const isRunning = () => child !== undefined && child.exitCode === null && child.signalCode === null;
  const launch = () => {
    if (isRunning()) throw new Error(`Postgres in ${pgdata} runs already`);
    child = pod.spawn(`${pod.bin}/postgres`, ['-D', pgdata, ...(options.args ?? [])], {
      cwd: pgdata,
      env: { PGDATA: pgdata },
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        log += text;
      });
    }
    return child;
  };
  const sql: Postgres['sql'] = (text) =>
    withClient(connection, async (client) => {
      const results = await client.query(text);
      return (Array.isArray(results) ? results.at(-1) : results).rows;
    });
  return {
    pod,
    pgdata,
    port,
    connection,
    systemIdentifier: async () => {
      const identity = await readIdentity(pgdata);
      if (!identity) throw new Error(`${pgdata} holds no cluster`);
      return identity.systemIdentifier;
    },
    sql,
    value: async (text) => String(Object.values((await sql(text))[0] ?? {})[0]),
    start: async () => {
      const mark = log.length;
      await waitForAnswer(launch(), connection, () => log.slice(mark));
    },
    runToEnd: async (onLog) => {
      const mark = log.length;
      const launched = launch();
      if (onLog) launched.stderr?.on('data', onLog);
      const [code, signal] = await once(launched, 'close');
      return { code: exitCodeOf(code, signal), stdout: '', stderr: log.slice(mark) };
    },
    stop: async (mode = 'fast') => {
      if (child && isRunning()) await end(child, mode);
    },
    isRunning,
    log: () => log,
  };
}

/** At the end: the last of two values of one setting holds. Where Postgres has been configured by us before, it is again. */
export async function writeSettings(pgdata: string, settings: Readonly<Record<string, string>>): Promise<void> {
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`);
  await appendFile(join(pgdata, 'postgresql.conf'), `${lines.join('\n')}\n`);
}

async function waitForAnswer(child: ChildProcess, connection: Connection, log: () => string): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`Postgres ended:\n${log()}`);
    const isUp = await withClient(connection, async () => true).catch(() => false);
    if (isUp) return;
    if (Date.now() > deadline) throw new Error(`Postgres does not answer:\n${log()}`);
    await sleep(50);
  }
}

const SIGNALS = { fast: 'SIGINT', immediate: 'SIGQUIT' } as const;

async function end(child: ChildProcess, mode: 'fast' | 'immediate' | 'kill'): Promise<void> {
  const ended = once(child, 'exit');
  if (mode === 'kill') await killTree(child);
  else child.kill(SIGNALS[mode]);
  await ended;
}

/** Closes so many WAL segments, each with a row of a table in it. Returns their names. */
export async function closeSegments(postgres: Postgres, count: number): Promise<string[]> {
  await postgres.sql('create table if not exists filler (id bigserial, at timestamptz default clock_timestamp())');
  const closed: string[] = [];
  for (let i = 0; i < count; i++) {
    await postgres.sql('insert into filler default values');
    closed.push(await postgres.value('select pg_walfile_name(pg_switch_wal())'));
  }
  return closed;
}

/** The server's clock as RFC 3339 with microseconds: a target of recovery between two transactions. */
export function clockOf(postgres: Postgres): Promise<string> {
  return postgres.value(`select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`);
}

/** A streaming standby of it in the same pod, running. PostgreSQL 15 only: the other images have that major's clients. */
export async function startStandby(pod: Pod, primary: Postgres, name = 'standby'): Promise<Postgres> {
  const pgdata = await pod.makeDirectory(name);
  const { host, port, user, password = '' } = primary.connection;
  const from = ['-h', host, '-p', String(port), '-U', user, '-D', pgdata, '--write-recovery-conf', '--checkpoint=fast'];
  const env = { PGPASSWORD: password };
  const { code, stderr } = await pod.run('/usr/lib/postgresql/15/bin/pg_basebackup', from, { env });
  if (code !== 0) throw new Error(`pg_basebackup ended with ${code}: ${stderr}`);
  const standby = await adoptPostgres(pod, pgdata);
  await standby.start();
  return standby;
}
