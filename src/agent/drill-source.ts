// From where a drill brings back, and whether that can be asked at all. Room: agent (door).
import { statfs } from 'node:fs/promises';
import { buildStoragePrefix } from '../lib/cluster-identity.ts';
import type { Trouble } from '../lib/drill/outcome.ts';
import { type DumpManifest, MANIFEST, parseManifest } from '../lib/dump-manifest.ts';
import { findNewest, listDumps } from '../lib/dump-retention.ts';
import { describeServer } from '../tools/describe-server.ts';
import { isPrefixEmpty } from '../tools/engine.ts';
import { listObjects, readObjectStream } from '../tools/object-stream.ts';
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
    isEndedFromOutside
      ? false
      : isPrefixEmpty(engine, plain).then(
          () => true,
          () => false,
        ),
    statfs(pgdata).then(
      ({ bavail, bsize }) => bavail * bsize,
      () => undefined,
    ),
  ]);
  return { message, isEndedFromOutside, storeAnswers, ...(free === undefined ? {} : { freeBytes: free }) };
}

/** Undefined where there is none in the policy's storage, or it cannot be read: a drill of base backups does not hang on it. */
export async function readNewestDump(
  { engine, log }: AgentContext,
  env: NodeJS.ProcessEnv,
  storagePrefix: string,
  signal: AbortSignal,
): Promise<DumpManifest | undefined> {
  const place = { engine, env: { ...env, WALG_S3_PREFIX: `${storagePrefix}/dumps` }, signal };
  try {
    const newest = findNewest(listDumps(await listObjects(place)));
    if (!newest) return undefined;
    const parts: Buffer[] = [];
    for await (const chunk of readObjectStream(place, `${newest.name}/${MANIFEST}`)) parts.push(chunk);
    return parseManifest(Buffer.concat(parts).toString('utf8'));
  } catch (error) {
    log.warn({ error: (error as Error).message }, 'the newest dump cannot be compared with');
    return undefined;
  }
}
