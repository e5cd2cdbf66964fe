// Which dump a Restore loads. Room: agent (door).
import type { DumpManifest } from '../lib/dump-manifest.ts';
import { findNewest, listDumps } from '../lib/dump-retention.ts';
import { requireVariable } from '../lib/environment.ts';
import { listObjects, type ObjectPlace } from '../tools/object-stream.ts';
import type { AgentContext } from './context.ts';
import { placeDumps, readManifestOf } from './drill-source.ts';
import { buildEngineEnv, readEncryptionKeyId, requireCredentials } from './storage.ts';

/** Where the dumps that a Restore reads lie. */
export async function openDumps(context: AgentContext, signal: AbortSignal): Promise<ObjectPlace> {
  const { env } = context;
  const prefix = requireVariable(env, 'WALGUARD_SOURCE_PREFIX');
  await readEncryptionKeyId(env);
  const engineEnv = buildEngineEnv(context, prefix, await requireCredentials());
  const destination = env.WALGUARD_DUMP_DESTINATION === 'volume' ? 'volume' : 'storage';
  return placeDumps(context, engineEnv, prefix, destination, signal);
}

const MAX_TOLD = 5;

/** @param asked `latest`, or a dump's name */
export async function findManifest(place: ObjectPlace, asked: string): Promise<DumpManifest> {
  const dumps = listDumps(await listObjects(place)).filter(({ isGood }) => isGood);
  const chosen = asked === 'latest' ? findNewest(dumps) : dumps.find(({ name }) => name === asked);
  if (chosen) return readManifestOf(place, chosen.name);
  const where = place.env.WALG_FILE_PREFIX ?? place.env.WALG_S3_PREFIX;
  if (dumps.length === 0) throw new Error(`there is no whole dump below ${where}; restore a base backup instead`);
  const newest = dumps.slice(-MAX_TOLD).map(({ name }) => name);
  throw new Error(`there is no whole dump "${asked}" below ${where}; the newest are: ${newest.join(', ')}`);
}
