// Ends a daemon that is there and does nothing; the daemons' loop starts it again. Room: agent (door).
import { ARCHIVE_SOCKET } from '../api/names.ts';
import { CLIENT, checkArgs } from '../tools/engine.ts';
import { run } from '../tools/exec.ts';
import { type DaemonSigns, judgeDaemon, NOTHING_SEEN } from './daemon-decision.ts';
import type { Loop, Sidecar } from './loop.ts';

export const healthLoop: Loop = { name: 'health', everyMs: 5000, tick };

const CHECK_TIMEOUT_MS = 10_000;

async function tick({ state, supervisor }: Sidecar): Promise<void> {
  if (!supervisor.isRunning('archive')) {
    state.watch = undefined;
    return;
  }
  const { code } = await run(CLIENT, checkArgs(ARCHIVE_SOCKET), { env: {}, timeoutMs: CHECK_TIMEOUT_MS });
  const { watch, restart } = judgeDaemon(state.watch ?? NOTHING_SEEN, { ...readSigns(state), answers: code === 0 });
  state.watch = watch;
  if (restart !== undefined) supervisor.kill('archive', restart);
}

function readSigns({ wal, observed, storage }: Sidecar['state']): Omit<DaemonSigns, 'answers'> {
  const oldest = wal?.backlog.oldest?.name;
  return {
    now: Date.now(),
    isAsked: observed?.inRecovery === false && observed.settings.isCommandOurs === true,
    ...(oldest === undefined ? {} : { oldest }),
    ...(storage?.writable ? { storeWroteAt: Date.parse(storage.checkedAt) } : {}),
  };
}
