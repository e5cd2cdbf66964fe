// What the store holds of one cluster, and what of that can be restored. Room: agent (door).
import type { Inventory } from '../api/protected-database.ts';
import { judgeBackups } from '../lib/good-backups.ts';
import type { StoreContents } from '../lib/store-contents.ts';
import type { Archiving } from '../lib/stored-runs.ts';
import { findLastTransaction } from '../lib/wal-transactions.ts';
import { buildInventory, listEdges, listStretches } from '../lib/windows.ts';
import type { Engine } from '../tools/engine.ts';
import { readStoredSegment } from '../tools/stored-segment.ts';

/** Of what a job has listed at its end. @param systemIdentifier of the cluster whose place it is */
export async function inventoryOf(
  engine: Engine,
  env: NodeJS.ProcessEnv,
  listed: StoreContents,
  systemIdentifier: string,
): Promise<Inventory> {
  const contents = await readEnds(engine, env, listed, systemIdentifier);
  return buildInventory(contents, judgeBackups(contents, systemIdentifier));
}

/**
 * With the times at which the recovery windows end that do not go on. Where a segment cannot be read its window is said to end
 * sooner, with its base backup.
 *
 * @param archiving what the primary says of its archive, where it was asked
 */
export async function readEnds(
  engine: Engine,
  env: NodeJS.ProcessEnv,
  contents: StoreContents,
  systemIdentifier: string,
  archiving?: Archiving,
): Promise<StoreContents> {
  const stretches = listStretches(contents, judgeBackups(contents, systemIdentifier, archiving));
  const times = new Map<string, string>();
  for (const edges of stretches.map((stretch) => listEdges(contents, stretch))) {
    for (const segment of edges) {
      const time = await readStoredSegment(engine, env, segment).then(findLastTransaction, () => undefined);
      if (time === undefined) continue;
      times.set(segment, time);
      break;
    }
  }
  const segments = contents.segments.map((each) => {
    const lastTransactionAt = times.get(each.name);
    return lastTransactionAt === undefined ? each : { ...each, lastTransactionAt };
  });
  return { ...contents, segments };
}
