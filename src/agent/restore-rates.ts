// The rates of earlier drills and restores, out of their records in the store. Room: agent (door).
import type { EvidenceRecord } from '../api/evidence.ts';
import { evidencePrefixOf } from '../lib/cluster-identity.ts';
import { timeOfEvidence } from '../lib/evidence/id.ts';
import { isOfBaseBackup, measureRates, type Rates } from '../lib/restore-rates.ts';
import type { AgentContext } from './context.ts';
import { type EvidencePlace, listEvidence, openEvidence, readRecord } from './evidence-store.ts';
import type { Credentials } from './storage.ts';

/** Of the newest records so many are read, and so many that tell something are enough. */
const MAX_LOOKS = 10;
const ENOUGH = 3;

const TIMEOUT_MS = 30_000;

/**
 * @param storagePrefix of the cluster that is restored: the records are beside its database's clusters, wherever that was
 * @returns undefined where none tells; and where they cannot be read: a restore does not wait for an estimate
 */
export async function readRates(
  context: AgentContext,
  storagePrefix: string,
  credentials: Credentials,
): Promise<Rates | undefined> {
  const prefix = evidencePrefixOf(storagePrefix);
  const place = openEvidence(context, prefix, credentials, AbortSignal.timeout(TIMEOUT_MS));
  try {
    return measureRates(await readNewest(place));
  } catch (error) {
    context.log.info({ error: (error as Error).message }, 'no record tells how long it will take');
    return undefined;
  }
}

async function readNewest(place: EvidencePlace): Promise<EvidenceRecord[]> {
  const files = (await listEvidence(place)).filter(({ name }) => timeOfEvidence(name) !== undefined);
  const records: EvidenceRecord[] = [];
  for (const file of files.slice(-MAX_LOOKS).toReversed()) {
    if (records.length === ENOUGH) break;
    const parsed = await readRecord(place, file);
    if ('value' in parsed && isOfBaseBackup(parsed.value)) records.push(parsed.value);
  }
  return records;
}
