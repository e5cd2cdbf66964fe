// From where a drill brings back, and whether that can be asked at all. Room: agent (door).
import { statfs } from 'node:fs/promises';
import { DUMP_VOLUME_DIR } from '../api/names.ts';
import { buildStoragePrefix, parseStoragePrefix } from '../lib/cluster-identity.ts';
import type { Trouble } from '../lib/drill/outcome.ts';
import { type DumpManifest, MANIFEST, parseManifest } from '../lib/dump-manifest.ts';
import { findNewest, listDumps } from '../lib/dump-retention.ts';
import { describeServer } from '../tools/describe-server.ts';
import { canListStore } from '../tools/engine.ts';
import { listObjects, type ObjectPlace, readObjectStream } from '../tools/object-stream.ts';
import type { AgentContext } from './context.ts';

/** Of the cluster that the source's server has now. */
export async function askForPrefix({ connection, policyPrefix, namespace, database }: AgentContext): Promise<string> {
  const { identity } = await describeServer(connection).catch((error: Error) => {
    throw new Error(`the database could not be asked which cluster it is: ${error.message}`, { cause: error });
  });
  return buildStoragePrefix(policyPrefix, namespace, database, identity);
}

/** What is known after something broke off. */
export async function lookAround(
  { engine, pgdata }: AgentContext,
  env: NodeJS.ProcessEnv,
  message: string,
  isEndedFromOutside: boolean,
): Promise<Trouble> {
  // Without the key, without which the engine does not even start: that it is lost is for a drill to find.
  const { WALG_LIBSODIUM_KEY_PATH: _path, WALG_LIBSODIUM_KEY_TRANSFORM: _transform, ...plain } = env;
  const [storeAnswers, free] = await Promise.all([
    isEndedFromOutside ? false : canListStore(engine, plain).catch(() => false),
    statfs(pgdata).then(
      ({ bavail, bsize }) => bavail * bsize,
      () => undefined,
    ),
  ]);
  return { message, isEndedFromOutside, storeAnswers, ...(free === undefined ? {} : { freeBytes: free }) };
}

/** Where dumps lie: below the cluster's own prefix, in the policy's storage or on the claim that is mounted here. */
export function placeDumps(
  { engine, namespace, database }: AgentContext,
  env: NodeJS.ProcessEnv,
  storagePrefix: string,
  destination: 'storage' | 'volume',
  signal: AbortSignal,
): ObjectPlace {
  if (destination === 'storage') return { engine, env: { ...env, WALG_S3_PREFIX: `${storagePrefix}/dumps` }, signal };
  const { WALG_S3_PREFIX: _bucket, ...others } = env;
  const directory = buildStoragePrefix(DUMP_VOLUME_DIR, namespace, database, parseStoragePrefix(storagePrefix));
  return { engine, env: { ...others, WALG_FILE_PREFIX: `${directory}/dumps` }, signal };
}

/** Of the newest good dump; undefined where there is none. */
export async function readManifest(place: ObjectPlace): Promise<DumpManifest | undefined> {
  const newest = findNewest(listDumps(await listObjects(place)));
  return newest && readManifestOf(place, newest.name);
}

/** @param name of a dump that has one */
export async function readManifestOf(place: ObjectPlace, name: string): Promise<DumpManifest> {
  const parts: Buffer[] = [];
  for await (const chunk of readObjectStream(place, `${name}/${MANIFEST}`)) parts.push(chunk);
  return parseManifest(Buffer.concat(parts).toString('utf8'));
}
