// The job's side of method `sidecar`: asks the sidecar at the other end of the pod's Service for a base backup, and waits.
// Room: agent (door).
import { setTimeout as sleep } from 'node:timers/promises';
import type { Backup } from '../api/protected-database.ts';
import { requireVariable } from '../lib/environment.ts';
import { parseObject } from '../lib/json.ts';
import { BACKUPS_PATH } from './backup-endpoint.ts';
import type { BackupRun } from './backup-runs.ts';
import type { Order } from './base-backup-push.ts';
import type { AgentContext } from './context.ts';
import { SIGNATURE_HEADER, signRequest } from './request-signature.ts';
import { portOf } from './routes.ts';
import { requireCredentials } from './storage.ts';

const POLL_MS = 3000;
const REQUEST_MS = 10_000;

/** A sidecar that is away for longer, or has another Secret for longer than the kubelet takes to bring a rotated one, is a fault. */
const PATIENCE_MS = 180_000;

/** Its deadline is the engine's, and this much more for the answer. */
const GRACE_MS = 30_000;

const MOST_WORDS = 500;

/** @throws Error of the sidecar, or of the way to it */
export async function askSidecar(context: AgentContext, order: Order, signal: AbortSignal): Promise<Backup> {
  const required = (name: string) => requireVariable(context.env, name);
  const path = `${BACKUPS_PATH}${required('WALGUARD_JOB')}/${required('WALGUARD_JOB_UID')}`;
  const deadline = Date.now() + order.timeoutMs + GRACE_MS;
  let run = await send(context, 'POST', `${path}?${orderQuery(order)}`, signal);
  while (run.state === 'running') {
    if (Date.now() > deadline) throw new Error("the sidecar's base backup did not end at its deadline");
    await sleep(POLL_MS, undefined, { signal });
    run = await send(context, 'GET', path, signal);
  }
  if (run.state === 'failed') throw new Error(run.message);
  return run.backup;
}

function orderQuery({ parent, deltaSteps, timeoutMs }: Order): string {
  const seconds = String(Math.ceil(timeoutMs / 1000));
  const query = { seconds, deltaSteps: String(deltaSteps), ...(parent === undefined ? {} : { parent }) };
  return new URLSearchParams(query).toString();
}

/** What may pass is tried again: no answer, an old Secret at one end, a sidecar that starts. */
async function send(
  context: AgentContext,
  method: 'GET' | 'POST',
  path: string,
  signal: AbortSignal,
): Promise<BackupRun> {
  const patience = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await sendOnce(context, method, path, signal);
    if (typeof answer === 'object') return answer;
    signal.throwIfAborted();
    if (Date.now() > patience) throw new Error(answer);
    context.log.warn({ why: answer }, 'the sidecar could not be asked; trying again');
    await sleep(POLL_MS, undefined, { signal });
  }
}

/** Or why it is worth another try. */
async function sendOnce(
  context: AgentContext,
  method: 'GET' | 'POST',
  path: string,
  signal: AbortSignal,
): Promise<BackupRun | string> {
  const target = `${context.namespace}/${requireVariable(context.env, 'WALGUARD_INSTANCE')}`;
  const signature = signRequest({ method, target, path }, await requireCredentials(), Date.now());
  return exchange(`http://${context.connection.host}:${portOf(context)}${path}`, method, signature, signal);
}

/**
 * One request. Who answers sends nobody elsewhere, and only a sidecar's own words are quoted.
 * @returns the run; or why another try is worth it
 * @throws Error where it is not
 */
export async function exchange(
  url: string,
  method: 'GET' | 'POST',
  signature: string,
  signal: AbortSignal,
): Promise<BackupRun | string> {
  try {
    const response = await fetch(url, {
      method,
      headers: { [SIGNATURE_HEADER]: signature },
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]),
    });
    const answer = parseObject(await response.text()) as SidecarAnswer | undefined;
    if (response.ok && answer && 'state' in answer) return answer as BackupRun;
    const message = explainStatus(method, response.status, answer);
    if (response.ok || response.status === 401 || response.status >= 500) return message;
    throw new Refused(message);
  } catch (error) {
    if (error instanceof Refused) throw error;
    return `the sidecar at ${new URL(url).hostname} does not answer: ${causeOf(error as Error)}`;
  }
}

class Refused extends Error {}

type SidecarAnswer = BackupRun | { readonly message?: unknown };

function explainStatus(method: string, status: number, answer: SidecarAnswer | undefined): string {
  if (status === 404 && method === 'GET')
    return 'the sidecar was started anew in the middle of the base backup, which ended with it';
  if (status === 404)
    return 'the sidecar takes no base backups: it is of an older walguard; roll the database out once to bring in the present one';
  const words = answer && 'message' in answer && typeof answer.message === 'string' ? `: ${answer.message}` : '';
  return `the sidecar answers ${status}${words.slice(0, MOST_WORDS)}`;
}

/** fetch says "fetch failed", and why in its cause. */
function causeOf({ message, cause }: Error): string {
  return cause instanceof Error ? cause.message : message;
}
