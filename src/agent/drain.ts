// Ships what is left when the pod ends: Postgres has gone by then, and with it its archiver. Room: agent (door).
import { setTimeout as sleep } from 'node:timers/promises';
import { ARCHIVE_SOCKET } from '../api/names.ts';
import { CLIENT, pushArgs } from '../tools/engine.ts';
import { run } from '../tools/exec.ts';
import { listReady } from '../tools/wal-directory.ts';
import type { Sidecar } from './loop.ts';
import { tickDaemons } from './loop-daemons.ts';

const RETRY_MS = 500;

/**
 * Pushes what is marked as ready until nothing is left or the time is over. The marks stay as the engine leaves them:
 * Postgres asks for those files again at its next start, and the same content is no error.
 */
export async function drain(sidecar: Sidecar): Promise<void> {
  const { context, state, supervisor } = sidecar;
  const deadline = Date.now() + context.care.shutdownSeconds * 1000;
  const shipped = new Set<string>();
  // A command of the user's own has an archive of its own.
  let left = state.isCommandOurs === false ? [] : await listReady(context.pgdata);
  if (left.length === 0) return;
  if (!supervisor.isRunning('archive'))
    return void context.log.warn({ left: left.length }, 'there is no daemon to ship it');
  context.log.info({ waiting: left.length, seconds: context.care.shutdownSeconds }, 'shipping what is left');
  for (; left.length > 0 && Date.now() < deadline; left = await listLeft(context.pgdata, shipped)) {
    const [segment = ''] = left;
    if (await push(segment, deadline - Date.now())) shipped.add(segment);
    else await recover(sidecar, deadline);
  }
  const level = left.length > 0 ? 'warn' : 'info';
  context.log[level]({ left: left.length, next: left[0] }, left.length > 0 ? 'not all was shipped' : 'all was shipped');
}

async function listLeft(pgdata: string, shipped: ReadonlySet<string>): Promise<string[]> {
  return (await listReady(pgdata)).filter((name) => !shipped.has(name));
}

async function push(segment: string, timeoutMs: number): Promise<boolean> {
  const { code } = await run(CLIENT, pushArgs(ARCHIVE_SOCKET, segment), { env: {}, timeoutMs });
  return code === 0;
}

/** The daemon may have ended too. */
async function recover(sidecar: Sidecar, deadline: number): Promise<void> {
  await tickDaemons(sidecar);
  await sleep(Math.max(0, Math.min(RETRY_MS, deadline - Date.now())));
}
