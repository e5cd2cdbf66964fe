// What a drill looks at in the copy that came back. Each look is a check with what was seen; one that could not be made is
// unknown, and does not keep the others from being made. Room: agent (door).
import type { EvidenceCheck } from '../api/evidence.ts';
import { DRILL_CHECKS_DIR } from '../api/names.ts';
import { compareRows } from '../lib/drill/rows.ts';
import { judgeAnswer, type UserCheck } from '../lib/drill/user-checks.ts';
import type { DumpManifest } from '../lib/dump-manifest.ts';
import type { Connection } from '../tools/connection.ts';
import { askOne, countRows, listDatabases, readMigrations, runAmcheck, type Table } from '../tools/copy-queries.ts';
import { type DrillOptions, readConfigMapChecks } from './drill-options.ts';

export type Seen = Omit<EvidenceCheck, 'name' | 'seconds'>;

/** Of one statement of the user's own, and of one table that is counted. */
const STATEMENT_TIMEOUT_MS = 300_000;

/** Makes a check, takes its time, and keeps it. */
export type Look = (name: string, look: () => Promise<Seen>) => Promise<void>;

export function createLook(checks: EvidenceCheck[], signal: AbortSignal): Look {
  return async (name, look) => {
    signal.throwIfAborted();
    const begin = performance.now();
    const seen = await look().catch(toSeen);
    // What breaks because all is being ended says nothing.
    signal.throwIfAborted();
    checks.push({ name, ...seen, seconds: Math.round(performance.now() - begin) / 1000 });
  };
}

/** Damaged data and missing files are what is looked for (Postgres's classes XX and 58P); all else says nothing of them. */
function toSeen({ message, code = '' }: Error & { code?: string }): Seen {
  return { result: /^(XX|58P)/.test(code) ? 'failed' : 'unknown', seen: message };
}

/** Those that need the copy to run. @param dump the newest one, where one can be read */
export async function checkRunning(
  look: Look,
  connection: Connection,
  options: DrillOptions,
  dump: DumpManifest | undefined,
): Promise<void> {
  const databases: string[] = [];
  await look('databases', async () => {
    databases.push(...(await listDatabases(connection)));
    for (const database of databases) await listDatabases({ ...connection, database });
    return { result: 'passed', seen: `each takes connections: ${databases.slice(0, 20).join(', ')}` };
  });
  const each = <T>(ask: (connection: Connection) => Promise<T>) => askEach(connection, databases, ask);
  await look('rows', async () => {
    const counted = await each((one) => countRows(one, STATEMENT_TIMEOUT_MS));
    return { result: 'passed', seen: describeRows(counted, dump) };
  });
  await look('migrations', async () => {
    const found = (await each((one) => readMigrations(one, STATEMENT_TIMEOUT_MS))).filter(
      ([, seen]) => seen.length > 0,
    );
    if (found.length === 0) return { result: 'skipped', seen: 'no table of a migration tool that is known' };
    return { result: 'passed', seen: found.map(([database, seen]) => `${database}: ${seen.join(', ')}`).join('; ') };
  });
  await checkUsers(look, connection, options);
  // Last: it makes an extension.
  await look('amcheck', async () =>
    options.amcheck ? checkTrees(each) : { result: 'skipped', seen: 'the drill of the policy says amcheck: false' },
  );
}

type Each = <T>(ask: (connection: Connection) => Promise<T>) => Promise<[database: string, T][]>;

async function askEach<T>(
  connection: Connection,
  databases: readonly string[],
  ask: (connection: Connection) => Promise<T>,
): Promise<[string, T][]> {
  const answers: [string, T][] = [];
  for (const database of databases) answers.push([database, await ask({ ...connection, database })]);
  return answers;
}

function describeRows(counted: readonly [string, readonly Table[]][], dump: DumpManifest | undefined): string {
  const tables = counted.flatMap(([, each]) => each);
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const seen = `${rows} rows in ${tables.length} tables`;
  if (dump === undefined) return `${seen}; there is no dump to compare with`;
  return `${seen}; ${compareRows(dump, counted)}`;
}

async function checkTrees(each: Each): Promise<Seen> {
  const all = await each(runAmcheck);
  const made = all.flatMap(([database, found]) => (found ? [{ database, ...found }] : []));
  if (made.length === 0) return { result: 'skipped', seen: 'the image of the database has no amcheck' };
  const findings = made.flatMap(({ database, findings: found }) => found.map((text) => `${database}: ${text}`));
  const sum = (key: 'indexes' | 'tables') => made.reduce((total, one) => total + one[key], 0);
  const counted = `${sum('indexes')} indexes and ${sum('tables')} tables of ${made.length} databases`;
  if (findings.length === 0) return { result: 'passed', seen: counted };
  return { result: 'failed', expected: 'no findings', seen: findings.slice(0, 5).join('; ') };
}

async function checkUsers(look: Look, connection: Connection, { checks, checksFrom }: DrillOptions): Promise<void> {
  const ask = (check: UserCheck) => async () =>
    judgeAnswer(check, await askOne(connection, check, STATEMENT_TIMEOUT_MS));
  for (const check of checks) await look(`sql:${check.name}`, ask(check));
  if (checksFrom === undefined) return;
  const entries = await readConfigMapChecks(DRILL_CHECKS_DIR);
  if (entries.length === 0)
    await look('sql', async () => ({
      result: 'unknown',
      seen: `the ConfigMap ${checksFrom} of checksFrom is missing, or empty: make it, with one check in each entry`,
    }));
  for (const { name, check } of entries) {
    const unread = async (): Promise<Seen> => ({
      result: 'unknown',
      seen: `ConfigMap ${checksFrom}: ${String(check)}`,
    });
    await look(`sql:${name}`, typeof check === 'string' ? unread : ask(check));
  }
}
