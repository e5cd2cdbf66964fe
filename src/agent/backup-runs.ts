// Base backups that the sidecar takes for jobs: one at a time, known by the Job that asked. Room: agent (door).
import type { Backup } from '../api/protected-database.ts';

export type BackupRun =
  | { readonly state: 'running'; readonly startedAt: string }
  | { readonly state: 'done'; readonly backup: Backup }
  | { readonly state: 'failed'; readonly message: string };

/** What a job's request comes to. */
export type Asked =
  | { readonly kind: 'run'; readonly run: BackupRun }
  | { readonly kind: 'busy'; readonly with: string };

export interface BackupRuns {
  /** @param job `<name>/<uid>`: a Job that was deleted and made again under one name is another one */
  readonly ask: (job: string, make: () => Promise<Backup>, now: string) => Asked;
  /** Undefined: none of that Job since this process began. */
  readonly find: (job: string) => BackupRun | undefined;
}

/** Of these that are over, a job may still come for its own. */
const KEPT = 20;

/**
 * A job that was killed and comes again gets what its first try began, and what became of it.
 *
 * | a run of this job | one of another job runs | answer             |
 * | running, or good  |                         | that run           |
 * | failed, or none   | yes                     | busy with that one |
 * | failed, or none   | no                      | a new run          |
 */
export function createBackupRuns(): BackupRuns {
  const runs = new Map<string, BackupRun>();

  function begin(job: string, make: () => Promise<Backup>, startedAt: string): BackupRun {
    const begun: BackupRun = { state: 'running', startedAt };
    runs.delete(job);
    runs.set(job, begun);
    for (const [each, { state }] of runs) if (runs.size > KEPT && state !== 'running') runs.delete(each);
    make().then(
      (backup) => runs.set(job, { state: 'done', backup }),
      (error: Error) => runs.set(job, { state: 'failed', message: error.message }),
    );
    return begun;
  }

  return {
    ask: (job, make, now) => {
      const own = runs.get(job);
      if (own && own.state !== 'failed') return { kind: 'run', run: own };
      const [busy] = [...runs].find(([, { state }]) => state === 'running') ?? [];
      return busy === undefined ? { kind: 'run', run: begin(job, make, now) } : { kind: 'busy', with: busy };
    },
    find: (job) => runs.get(job),
  };
}
