// `walguard agent <companion>`: runs one, and leaves its report where the controller reads it. Room: agent (door).
import { writeFile } from 'node:fs/promises';
import { EXIT } from '../api/names.ts';
import { createLogger } from '../telemetry/log.ts';
import { runBaseBackup } from './base-backup.ts';
import { runDrill } from './drill.ts';
import { runDump } from './dump.ts';
import { printEvidence } from './evidence-print.ts';
import { runNewDatabase } from './new-database.ts';
import { runPrune } from './prune-job.ts';
import { runRestore } from './restore.ts';
import { runLoad } from './restore-dump.ts';
import { runRestoreEvidence } from './restore-evidence.ts';
import { runSidecar } from './sidecar.ts';
import { runVerify } from './verify.ts';

/** Kubernetes reads at most 4096 bytes from here into the pod's status. */
const TERMINATION_LOG = '/dev/termination-log';
const MAX_MESSAGE = 3000;

const JOBS = {
  'base-backup': runBaseBackup,
  prune: runPrune,
  drill: runDrill,
  dump: runDump,
  // Of base backups or of a dump, and of that into a volume or a server that runs, as its builder says.
  restore: (env: NodeJS.ProcessEnv, signal: AbortSignal) => {
    if (env.WALGUARD_NEW_DATABASE) return runNewDatabase(env, signal);
    return env.WALGUARD_DUMP ? runLoad(env, signal) : runRestore(env);
  },
  'restore-evidence': runRestoreEvidence,
  verify: runVerify,
} as const;

export async function runAgent(args: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<number> {
  const [companion = ''] = args;
  if (companion === 'sidecar') {
    await runSidecar(env, signal);
    return EXIT.ok;
  }
  if (companion === 'evidence') return printEvidence(env, signal);
  const job = JOBS[companion as keyof typeof JOBS];
  if (!job) {
    process.stderr.write(
      `walguard agent: no such companion "${companion}"; there are sidecar, ${Object.keys(JOBS).join(', ')}, evidence\n`,
    );
    return EXIT.usage;
  }
  return runJob(companion, () => job(env, signal));
}

async function runJob(companion: string, job: () => Promise<object>): Promise<number> {
  const log = createLogger(companion);
  try {
    const report = await job();
    log.info({ report }, 'done');
    await writeReport(report);
    // A verification that found something has done its work, and must not count as a good run of its CronJob.
    return (report as { ok?: boolean }).ok === false ? EXIT.failed : EXIT.ok;
  } catch (error) {
    const message = (error as Error).message.slice(0, MAX_MESSAGE);
    log.error({ error: message }, 'failed');
    await writeReport({ ok: false, message });
    return EXIT.failed;
  }
}

async function writeReport(report: object): Promise<void> {
  await writeFile(TERMINATION_LOG, JSON.stringify(report)).catch((error: Error) => {
    process.stderr.write(`walguard: could not write the report: ${error.message}\n`);
  });
}
