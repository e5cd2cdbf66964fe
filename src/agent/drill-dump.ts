// A drill of the newest dump: a cluster is made by the image's own tools, the dump goes into it out of the store, and every
// table must have as many rows as the manifest says. Room: agent (door).
import { parseStoragePrefix } from '../lib/cluster-identity.ts';
import type { DumpManifest } from '../lib/dump-manifest.ts';
import { planCluster } from '../lib/load-dump.ts';
import { checkRunning, createLook, type Seen } from './drill-checks.ts';
import { type Copy, readControlData, startCopy } from './drill-copy.ts';
import { beginPhase, toSeconds } from './drill-course.ts';
import { placeDumps, readManifest } from './drill-source.ts';
import { checkStopped, type Stage } from './drill-stage.ts';
import { compareWithManifest, initialise, loadDump } from './dump-load.ts';

export async function rehearseDump(stage: Stage): Promise<void> {
  const { context, options, course, signal } = stage;
  const place = placeDumps(context, stage.env, course.storagePrefix, options.dumpDestination, signal);
  const manifest = await readManifest(place);
  if (!manifest)
    throw new Error('there is no dump in the store: let the dump of the policy run, or drill the base backups');
  course.baseBackup = manifest.name;
  course.target = { latest: true };
  context.log.info({ dump: manifest.name, bytes: manifest.bytes }, 'restoring');

  const begin = performance.now();
  const { copy, before } = await makeCluster(stage, manifest);
  const endReplay = beginPhase(course, { name: 'replay', bytes: manifest.bytes });
  try {
    await loadDump({ client: stage.client, connection: context.connection }, place, manifest);
  } finally {
    endReplay();
  }
  course.rtoSeconds = toSeconds(performance.now() - begin);
  // It is of one moment: that in which it began.
  course.lastTransactionAt = manifest.startedAt;
  course.achievedRpoSeconds = toSeconds(Math.max(0, course.startedAt.getTime() - Date.parse(manifest.startedAt)));

  const endPhase = beginPhase(course, { name: 'checks' });
  const look = createLook(course.checks, signal);
  await look('manifest', () => checkManifest(stage, manifest));
  await checkRunning(look, context.connection, options, undefined);
  await checkStopped(stage, look, copy, before);
  endPhase();
}

async function makeCluster(stage: Stage, manifest: DumpManifest) {
  const { context, options, course, client, signal } = stage;
  const { pgdata, connection } = context;
  const endPhase = beginPhase(course, { name: 'start' });
  try {
    await initialise(client, pgdata, planCluster(manifest, connection.user));
    const before = await readControlData(client, pgdata);
    const { major } = parseStoragePrefix(course.storagePrefix);
    const terms = { pgdata, major, options: options.serverOptions, hasConf: true, maxPreparedTransactions: 0 };
    const { copy } = await startCopy(client, connection, terms, signal);
    course.postgres = (await copy.untilPromoted(() => undefined)).version;
    return { copy, before } satisfies { copy: Copy; before: unknown };
  } finally {
    endPhase();
  }
}

async function checkManifest({ context }: Stage, manifest: DumpManifest): Promise<Seen> {
  const expected = `${manifest.rows} rows in ${manifest.tables} tables`;
  const differences = await compareWithManifest(context.connection, manifest);
  if (differences.length === 0) return { result: 'passed', expected, seen: 'every table has as many' };
  return { result: 'failed', expected, seen: differences.slice(0, 5).join(', ') };
}
