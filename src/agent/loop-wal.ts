// Measures what waits to be archived by the files of pg_wal, which are there while Postgres is down too. Room: agent (door).
import {
  addSample,
  estimateSecondsToFull,
  toSample,
  type WalBacklog,
  type WalSample,
  type WalView,
} from '../lib/wal-backlog.ts';
import { readWalBacklog } from '../tools/wal-directory.ts';
import { settleLettingGo } from './letting-go.ts';
import type { Loop, Sidecar } from './loop.ts';

export const walLoop: Loop = { name: 'wal', everyMs: 2000, tick };

async function tick(sidecar: Sidecar): Promise<void> {
  const { context, state, metrics } = sidecar;
  const backlog = await readWalBacklog(context.pgdata);
  const now = Date.now();
  state.wal = backlog && look(state.wal?.samples ?? [], backlog, now);
  if (state.wal) metrics.observeWal(state.wal.backlog, state.wal.secondsToFull, now);
  await settleLettingGo(sidecar, now);
}

function look(before: readonly WalSample[], backlog: WalBacklog, now: number): WalView {
  const samples = addSample(before, toSample(backlog, now));
  const secondsToFull = estimateSecondsToFull(samples, backlog.volumeFreeBytes);
  return { backlog, samples, ...(secondsToFull === undefined ? {} : { secondsToFull }) };
}
