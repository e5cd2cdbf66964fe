// The sidecar's side of method `sidecar`: a job asks for a base backup, and comes again for what became of it. Whoever asks may
// die meanwhile; the backup goes on. Room: agent (door).
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Backup } from '../api/protected-database.ts';
import { queryServer } from '../tools/backup-server.ts';
import { createBackupRuns } from './backup-runs.ts';
import { LIGHT_ENV, type Order, openWorkshop, pushBackup } from './base-backup-push.ts';
import type { AgentContext } from './context.ts';
import { refuseRequest, type Seen, SIGNATURE_HEADER } from './request-signature.ts';
import type { Route } from './route.ts';
import { withBackupLock } from './server-lock.ts';
import { NO_CREDENTIALS, readCredentials } from './storage.ts';

/** Behind it `<name>/<uid>` of the Job that asks. */
export const BACKUPS_PATH = '/base-backups/';

const JOB = /^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?\/[0-9a-f-]{36}$/;
const PARENT = /^base_[0-9A-F]{24}(_D_[0-9A-F]{24})*$/;
const MAX_SECONDS = 7 * 24 * 3600;

/** POST begins one, or finds the one that this job began; GET finds it. Both are signed. */
export function backupRoutes(): Route[] {
  const runs = createBackupRuns();
  const seen: Seen = new Map();
  const begunAt = Date.now();

  const guarded =
    (answer: (context: AgentContext, job: string, query: URLSearchParams) => Answer): Route['answer'] =>
    async ({ context }, request, response) => {
      request.resume();
      const credentials = await readCredentials();
      if (!credentials) return reply(response, { status: 503, body: { message: NO_CREDENTIALS } });
      const target = `${context.namespace}/${context.pod}`;
      const parts = { method: request.method ?? '', target, path: request.url ?? '' };
      const refused = refuseRequest(headerOf(request), parts, credentials, { seen, begunAt, now: Date.now() });
      if (refused !== undefined) return reply(response, { status: 401, body: { message: refused } });
      const [pathname = '', query] = parts.path.split('?');
      const job = pathname.slice(BACKUPS_PATH.length);
      if (!JOB.test(job))
        return reply(response, { status: 400, body: { message: 'that is no name and uid of a Job' } });
      reply(response, answer(context, job, new URLSearchParams(query)));
    };

  return [
    {
      method: 'POST',
      path: BACKUPS_PATH,
      answer: guarded((context, job, query) => {
        const order = readOrder(query);
        if (order === undefined) return { status: 400, body: { message: 'the order is not understood' } };
        const asked = runs.ask(job, () => make(context, job, order), new Date().toISOString());
        if (asked.kind === 'busy')
          return {
            status: 409,
            body: { message: `another base backup of this database is running, for ${asked.with}` },
          };
        return { status: asked.run.state === 'running' ? 202 : 200, body: asked.run };
      }),
    },
    {
      method: 'GET',
      path: BACKUPS_PATH,
      answer: guarded((_context, job) => {
        const run = runs.find(job);
        return run ? { status: 200, body: run } : { status: 404, body: { message: `nothing is known of ${job}` } };
      }),
    },
  ];
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

function reply(response: ServerResponse, { status, body }: Answer): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(body));
}

function headerOf({ headers }: IncomingMessage): string | undefined {
  const value = headers[SIGNATURE_HEADER];
  return typeof value === 'string' ? value : undefined;
}

/** As `orderQuery` of the job writes it; undefined for anything else. */
function readOrder(query: URLSearchParams): Order | undefined {
  const [seconds, deltaSteps] = [Number(query.get('seconds')), Number(query.get('deltaSteps'))];
  const parent = query.get('parent') ?? undefined;
  if (!(seconds > 0 && seconds <= MAX_SECONDS) || !Number.isInteger(deltaSteps)) return undefined;
  if (parent !== undefined && !PARENT.test(parent)) return undefined;
  return { parent, deltaSteps, timeoutMs: seconds * 1000 };
}

async function make(context: AgentContext, job: string, order: Order): Promise<Backup> {
  const log = context.log.child({ job });
  log.info({ order }, 'base backup begins');
  try {
    const backup = await withBackupLock(context.connection, async (client, lost) => {
      const { env, ...workshop } = await openWorkshop(context, client, await queryServer(client), false);
      return pushBackup({ ...context, log }, { ...workshop, env: { ...env, ...LIGHT_ENV } }, order, lost);
    });
    log.info({ backup: backup.name }, 'base backup is made');
    return backup;
  } catch (error) {
    log.error({ error: (error as Error).message }, 'base backup failed');
    throw error;
  }
}
