// The base-backup job: finds out whether this pod's turn has come, has the backup made, and reports it as good only once the
// store has all that a restore of it needs. Room: agent (door).
import { setTimeout as sleep } from 'node:timers/promises';
import type { BaseBackupReport } from '../api/reports.ts';
import { delayLeft } from '../lib/cron-spread.ts';
import { chooseParent } from '../lib/delta-parent.ts';
import { type Client, type Connection, withClient } from '../tools/connection.ts';
import { queryInRecovery } from '../tools/postgres.ts';
import { readStoreContents } from '../tools/store-contents.ts';
import { askSidecar } from './backup-request.ts';
import { finishBackup, type Made, type Taken, tellPushgateway } from './base-backup-finish.ts';
import { type BaseBackupOptions, readOptions } from './base-backup-options.ts';
import { assertNewName, prepareServer } from './base-backup-prepare.ts';
import { type Order, openWorkshop, pushBackup } from './base-backup-push.ts';
import { findTurn } from './base-backup-turn.ts';
import { type AgentContext, readContext } from './context.ts';
import { assertOwner } from './owner.ts';
import { withBackupLock } from './server-lock.ts';

/** Left of the job's time after the engine's: to see the WAL arrive, to list, to prune. */
const FINISH_SHARE = 0.1;

export async function runBaseBackup(env: NodeJS.ProcessEnv, stop?: AbortSignal): Promise<BaseBackupReport> {
  const context = readContext('base-backup', env);
  const options = readOptions(env);
  const { signal, ended } = watchEnd(options.timeoutSeconds, stop);
  try {
    // A Postgres that hangs answers no query, and must not keep the job from saying so.
    return await Promise.race([runInTurn(context, options, signal), ended]);
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
}

/** For the engine to be ended first, and for who waits at the same deadline to say what for. */
const LAST_WORDS_MS = 6000;

/** Kubernetes ends a job at its deadline, or when its node is emptied; our own deadline comes before. */
function watchEnd(
  timeoutSeconds: number,
  stop: AbortSignal | undefined,
): { readonly signal: AbortSignal; readonly ended: Promise<never> } {
  const end = new AbortController();
  const endWith = (why: string) => () => end.abort(new Error(why));
  stop?.addEventListener('abort', endWith('the job was ended from outside, by its deadline or with its node'));
  setTimeout(endWith('it was not done at its deadline'), timeoutSeconds * 1000 + LAST_WORDS_MS).unref();
  const ended = new Promise<never>((_, reject) => {
    end.signal.addEventListener('abort', () => setTimeout(() => reject(end.signal.reason), LAST_WORDS_MS).unref());
  });
  return { signal: end.signal, ended };
}

async function runInTurn(
  context: AgentContext,
  options: BaseBackupOptions,
  signal: AbortSignal,
): Promise<BaseBackupReport> {
  const startedAt = Date.now();
  const delay = delayLeft(options.job, options.delaySeconds, startedAt);
  await sleep(delay * 1000, undefined, { signal });
  const turn = await findTurn(context, options, signal);
  if (!turn.isMine) return { ok: true, skipped: 'standby' };
  const deadline = startedAt + options.timeoutSeconds * 1000;
  const taken = await take(context, options, turn.primary, deadline, signal);
  const told = await tellPushgateway(context, options, taken.backup.finishedAt);
  return { ok: true, ...taken, ...told, durationMs: Date.now() - startedAt };
}

/** A standby that is promoted in the middle cannot finish; the pod whose turn it is goes on as the primary. */
async function take(
  context: AgentContext,
  options: BaseBackupOptions,
  primary: Connection | undefined,
  deadline: number,
  signal: AbortSignal,
): Promise<Taken> {
  const attempt = (other: Connection | undefined) =>
    other
      ? withBackupLock(other, (client, lost) =>
          makeAndFinish(context, options, client, deadline, AbortSignal.any([signal, lost])),
        )
      : makeAndFinish(context, options, undefined, deadline, signal);
  const wasStandby = await withClient(context.connection, queryInRecovery);
  try {
    return await attempt(primary);
  } catch (error) {
    const isPrimary = await withClient(context.connection, queryInRecovery).then(
      (isStandby) => !isStandby,
      () => false,
    );
    if (!wasStandby || !isPrimary || signal.aborted) throw error;
    context.log.warn({ error: (error as Error).message }, 'promoted in the middle; once more, as the primary');
    return attempt(undefined);
  }
}

/** @param other the primary, where that is another server; its own lock is held then */
async function makeAndFinish(
  context: AgentContext,
  options: BaseBackupOptions,
  other: Client | undefined,
  deadline: number,
  signal: AbortSignal,
): Promise<Taken> {
  const finish = (made: Made, own: Client, lost: AbortSignal) =>
    finishBackup(context, made, {
      primary: other ?? (made.server.inRecovery ? undefined : own),
      deadline,
      signal: AbortSignal.any([signal, lost]),
    });
  if (options.method === 'sidecar') {
    const made = await withClient(context.connection, (own) => make(context, options, own, other, deadline, signal));
    // The sidecar held it until now.
    return withBackupLock(context.connection, (own, lost) => finish(made, own, lost));
  }
  return withBackupLock(context.connection, async (own, lost) => {
    const made = await make(context, options, own, other, deadline, AbortSignal.any([signal, lost]));
    return finish(made, own, lost);
  });
}

async function make(
  context: AgentContext,
  options: BaseBackupOptions,
  own: Client,
  other: Client | undefined,
  deadline: number,
  signal: AbortSignal,
): Promise<Made> {
  const { engine, log } = context;
  const server = await prepareServer(own, other, log, signal);
  // The sidecar has the data directory, and looks at it itself.
  const workshop = await openWorkshop(context, own, server, options.method !== 'node');
  await assertOwner(context, workshop.env);
  const contents = await readStoreContents(engine, workshop.env, server.segmentBytes);
  assertNewName(server, contents);
  const chosen = options.isFull
    ? { kind: 'full' as const, why: 'it was asked for' }
    : chooseParent(contents, { ...server, deltaSteps: options.deltaSteps });
  log.info(chosen, chosen.kind === 'delta' ? 'a delta' : 'a full base backup');
  const order: Order = {
    ...(chosen.kind === 'delta' ? { parent: chosen.parent } : {}),
    deltaSteps: options.deltaSteps,
    timeoutMs: Math.max(1000, (deadline - Date.now()) * (1 - FINISH_SHARE)),
  };
  const backup =
    options.method === 'sidecar'
      ? await askSidecar(context, order, signal)
      : await pushBackup(context, workshop, order, signal);
  return { backup, server, env: workshop.env };
}
