// Keeps the picture of the store fresh: what the last probe said, and whether this one may archive. Room: agent (door).
import { randomUUID } from 'node:crypto';
import type { StorageProbe } from '../api/protected-database.ts';
import { buildStoragePrefix } from '../lib/cluster-identity.ts';
import { isEqual } from '../lib/json.ts';
import { isTight } from '../lib/letting-go.ts';
import type { Loop, Sidecar } from './loop.ts';
import { describeClaimant } from './owner.ts';
import { type ProbeAnswer, probeStorage } from './storage-probe.ts';
import { isDue } from './storage-schedule.ts';

/** Not waited for: a store that hangs must not hold up the sidecar's end. */
export const storageLoop: Loop = {
  name: 'storage',
  everyMs: 500,
  tick: async (sidecar) => {
    const { context, state } = sidecar;
    state.asking ??= askStore(sidecar)
      .catch((error: Error) => context.log.error({ error: error.message }, 'could not ask the store'))
      .finally(() => {
        state.asking = undefined;
      });
  },
};

export async function askStore(sidecar: Sidecar): Promise<void> {
  const { context, state } = sidecar;
  const { identity, credentials, encryptionKeyId, observed, lack } = state;
  if (!identity) return;
  const { policyPrefix, namespace, database } = context;
  const prefix = buildStoragePrefix(policyPrefix, namespace, database, identity);
  const role = observed && { inRecovery: observed.inRecovery, timeline: observed.timeline };
  const subject = JSON.stringify([prefix, credentials, encryptionKeyId, lack, role]);
  const isUrgent = isStoreInDoubt(context, state);
  if (!isDue(state.asked, subject, performance.now(), isUrgent)) return;
  if (!credentials) {
    note(sidecar, { probe: describeLack(lack) });
    state.asked = { atMs: performance.now(), subject, isSettled: true };
    return;
  }
  state.writer ??= randomUUID();
  const timeline = observed?.inRecovery === false ? observed.timeline : undefined;
  const own = { writer: state.writer, ...(timeline === undefined ? {} : { timeline }) };
  const claimant = { ...(await describeClaimant(context)), ...own };
  const mayClaim = observed?.inRecovery === false;
  const answer = await probeStorage(context, { prefix, credentials, claimant, mayClaim });
  state.asked = { atMs: performance.now(), subject, isSettled: isSettled(answer) };
  note(sidecar, answer);
  // What could not be asked leaves what was decided: an outage must not end an archive that goes on after it.
  if (!answer.verdict) return;
  state.owned = { prefix, isOwned: answer.isOwned ?? false };
  const { kind } = answer.verdict;
  state.clearance =
    kind === 'ours' ? { prefix, ...(encryptionKeyId === undefined ? {} : { encryptionKeyId }) } : undefined;
  state.refused = kind === 'ours' ? undefined : answer.verdict.message;
}

/** Whether WAL is let go, or goes on to be, hangs on what the store says now. */
export function isStoreInDoubt(
  { care }: Pick<Sidecar['context'], 'care'>,
  { lettingGo, wal }: Pick<Sidecar['state'], 'lettingGo' | 'wal'>,
): boolean {
  return lettingGo?.isOn === true || (care.mayLetGo && wal !== undefined && wal.backlog.waiting > 0 && isTight(wal));
}

function note({ context, state, metrics }: Sidecar, { probe, verdict }: ProbeAnswer): void {
  if (!isEqual(withoutTime(state.storage), withoutTime(probe))) context.log.info({ probe }, 'store asked');
  if (verdict?.kind === 'ours' && verdict.warning) context.log.warn({ warning: verdict.warning }, 'prefix taken over');
  state.storage = probe;
  metrics.observeStorage(probe);
}

/** A new claim is looked at again soon: another may have come at the same moment. */
function isSettled({ probe, verdict }: ProbeAnswer): boolean {
  return probe.reason === undefined && verdict?.kind === 'ours' && verdict.since !== probe.checkedAt;
}

function describeLack(lack: Sidecar['state']['lack']): StorageProbe {
  return { checkedAt: new Date().toISOString(), readable: false, writable: false, ...lack };
}

function withoutTime(probe: StorageProbe | undefined): object {
  return { ...probe, checkedAt: undefined };
}
