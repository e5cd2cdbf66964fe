// Has an idle primary close a segment, so that its archive is never older than the policy says. Room: agent (door).
import { beat } from '../tools/heartbeat.ts';
import { takePulse } from './heartbeat.ts';
import type { Loop, Sidecar } from './loop.ts';

export const heartbeatLoop: Loop = {
  name: 'heartbeat',
  everyMs: 1000,
  isWanted: ({ care }) => care.switchAtLeastEverySeconds !== undefined,
  tick,
};

async function tick({ context, state }: Sidecar): Promise<void> {
  const every = context.care.switchAtLeastEverySeconds ?? Number.POSITIVE_INFINITY;
  const { pulse, isDue } = takePulse(state.pulse, state.observed, every, Date.now());
  state.pulse = pulse;
  if (!isDue) return;
  const closed = await beat(context.connection);
  context.log.debug({ closed }, 'heartbeat');
}
