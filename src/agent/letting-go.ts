// onStorageFull: dropAndRebase. Tells archive_command to let WAL go while there is nothing else left to do, and keeps a record of
// it with the data. Room: agent (door).
import { rename, rm, writeFile } from 'node:fs/promises';
import { LETTING_GO_MARKER } from '../api/names.ts';
import { mayLetGo, type Pressure, watchArchiving } from '../lib/letting-go.ts';
import { checkpoint, type Observed } from '../tools/postgres.ts';
import { keepReserve, type LettingGoRecord, readRecord, writeRecord } from './letting-go-record.ts';
import type { Sidecar } from './loop.ts';
import type { State } from './state.ts';

const MARKER_MS = 30_000;
/** Written ahead, so that the record holds whatever the marker allows, and rarely. */
const RECORD_MS = 120_000;

/** A gap is told under a policy that says block by now, too. */
export async function settleLettingGo(sidecar: Sidecar, now: number): Promise<void> {
  const { context, state } = sidecar;
  state.archiving = watchArchiving(state.archiving, isArchiving(state), now);
  if (!state.wal || !state.identity) return;
  state.lettingGo ??= await resume(sidecar, now);
  if (context.care.mayLetGo && mayLetGo(toPressure(state, now))) await letGo(sidecar, now);
  else if (state.lettingGo.isOn) await keepAgain(sidecar, now);
  const { record } = state.lettingGo;
  if (record) state.droppedAt = toTime(Math.min(now, Date.parse(record.until)));
}

function isArchiving({ observed }: State): boolean {
  return observed?.inRecovery === false && observed.settings.isCommandOurs === true;
}

function toPressure(state: State, now: number): Pressure {
  const { wal, observed, archiving, lettingGo, storage } = state;
  if (!wal) throw new Error('pg_wal has not been measured');
  return {
    now,
    backlog: wal.backlog,
    ...(wal.secondsToFull === undefined ? {} : { secondsToFull: wal.secondsToFull }),
    ...(observed && archiving && isArchiving(state) ? { archiving: pickTries(observed, archiving.since) } : {}),
    ...(lettingGo?.isOn && lettingGo.record ? { lettingGoSince: lettingGo.record.since } : {}),
    ...(storage ? { store: storage } : {}),
  };
}

function pickTries(
  { archiver: { lastArchivedTime, lastFailedTime } }: Observed,
  since: number,
): NonNullable<Pressure['archiving']> {
  return {
    since,
    ...(lastArchivedTime === undefined ? {} : { lastArchivedTime }),
    ...(lastFailedTime === undefined ? {} : { lastFailedTime }),
  };
}

/** What an earlier sidecar of this database left: it may have been killed in the middle of it. */
async function resume({ context, state }: Sidecar, now: number): Promise<NonNullable<State['lettingGo']>> {
  const record = await readRecord(context.pgdata);
  if (context.care.mayLetGo) await keepReserve(context.pgdata);
  const isOwn = record?.database === nameOf(context) && record.systemIdentifier === state.identity?.systemIdentifier;
  return isOwn ? { isOn: Date.parse(record.until) > now, record } : { isOn: false };
}

/** The record first: what is let go must never be forgotten. */
async function letGo(sidecar: Sidecar, now: number): Promise<void> {
  const { context, state } = sidecar;
  const before = state.lettingGo?.isOn ? state.lettingGo.record : undefined;
  const isFresh = before !== undefined && Date.parse(before.until) >= now + MARKER_MS;
  const record = isFresh ? before : buildRecord(sidecar, before?.since ?? toTime(now), now + RECORD_MS);
  if (!isFresh) await writeRecord(context.pgdata, record);
  await writeMarker(Math.floor((now + MARKER_MS) / 1000));
  state.lettingGo = { isOn: true, record };
  if (!before) {
    const { backlog } = state.wal ?? {};
    context.log.error(
      { backlog, store: state.storage },
      'WAL is let go: its volume is nearly full, the store takes none',
    );
  }
  // Without one the room would come back with the next checkpoint, minutes later.
  await checkpoint(context.connection).catch((error: Error) => {
    context.log.warn({ error: error.message }, 'no checkpoint: the room comes back with the next one');
  });
}

async function keepAgain(sidecar: Sidecar, now: number): Promise<void> {
  const { context, state } = sidecar;
  await rm(LETTING_GO_MARKER, { force: true });
  const record = buildRecord(sidecar, state.lettingGo?.record?.since ?? toTime(now), now);
  await writeRecord(context.pgdata, record);
  state.lettingGo = { isOn: false, record };
  context.log.warn({ record }, 'WAL is kept again: what was let go is a gap, and needs a base backup after it');
}

function buildRecord({ context, state }: Sidecar, since: string, until: number): LettingGoRecord {
  const systemIdentifier = state.identity?.systemIdentifier ?? '';
  return { database: nameOf(context), systemIdentifier, since, until: toTime(until) };
}

async function writeMarker(untilSeconds: number): Promise<void> {
  await writeFile(`${LETTING_GO_MARKER}.new`, `${untilSeconds}\n`);
  await rename(`${LETTING_GO_MARKER}.new`, LETTING_GO_MARKER);
}

function nameOf({ namespace, database }: Sidecar['context']): string {
  return `${namespace}/${database}`;
}

function toTime(ms: number): string {
  return new Date(ms).toISOString();
}
