// The Job of a Restore of a dump into a new database of a server that runs. Its pod is that of a dump: `restore` reads the dump,
// counts, names and swaps, `client`, the workload's own image, loads. It has neither the data's claim nor the API.
// Room: companion (pure).
import type { KubeObject } from '../api/kubernetes.ts';
import type { Restore } from '../api/restore.ts';
import type { Wish } from '../lib/new-database.ts';
import { buildAgentPod } from './agent-pod.ts';
import { addClient, literal, volumeOwner } from './image-container.ts';
import { restoreJobName, type Subject, serviceName } from './instance.ts';
import { timeoutEnv } from './job-env.ts';
import { FETCH_TIMEOUT_SECONDS, wrapRestoreJob } from './restore.ts';
import { addDumps, buildDumpEnv, type DumpSource } from './restore-dump.ts';

export interface Server {
  /** The primary, which gets the database. */
  readonly pod: string;
  /** Of its volume. */
  readonly freeBytes: number;
}

/** A plan looks at the dump and at the server, and needs no tools. */
export function buildNewDatabaseJob(
  subject: Subject,
  restore: Restore,
  wish: Wish,
  source: DumpSource,
  server: Server,
): KubeObject {
  const agent = buildAgentPod(subject, {
    companion: 'restore',
    readOnly: true,
    env: [
      { name: 'WALGUARD_PGHOST', value: serviceName(server.pod) },
      literal('WALGUARD_NEW_DATABASE', JSON.stringify(wish)),
      { name: 'WALGUARD_FREE_BYTES', value: String(server.freeBytes) },
      ...buildDumpEnv(restore, source),
      timeoutEnv(FETCH_TIMEOUT_SECONDS),
    ],
  });
  // What was loaded so far is dropped at its end.
  const bare = { ...agent, terminationGracePeriodSeconds: 60 };
  const pod = addDumps(restore.spec.planOnly ? bare : addClient(subject, bare), source);
  const owner = source.claimOf === undefined ? {} : volumeOwner(subject);
  return wrapRestoreJob(restore, restoreJobName(restore.metadata.name ?? ''), {
    ...pod,
    securityContext: { ...pod.securityContext, ...owner },
  });
}
