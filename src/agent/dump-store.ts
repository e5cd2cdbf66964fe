// Where dumps lie: below the cluster's own prefix, in the policy's storage or on a claim. Either way the engine writes and
// reads them, so that what is encrypted in the one is encrypted on the other. Room: agent (door).
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DUMP_VOLUME_DIR } from '../api/names.ts';
import { buildStoragePrefix, type ClusterIdentity } from '../lib/cluster-identity.ts';
import { type DumpManifest, MANIFEST, parseManifest } from '../lib/dump-manifest.ts';
import { chooseExpired, findNewest, listDumps, type StoredDump } from '../lib/dump-retention.ts';
import { listObjects, type ObjectPlace, putObject, readObjectStream } from '../tools/object-stream.ts';
import { removeObjects } from '../tools/remove-objects.ts';
import type { AgentContext } from './context.ts';
import { assertOwner } from './owner.ts';
import { buildEngineEnv, readEncryptionKeyId, requireCredentials } from './storage.ts';

export interface DumpStore {
  /** Throws where the file is there already, or where the source throws; then it is not there. */
  readonly write: (path: string, source: AsyncIterable<Uint8Array>) => Promise<void>;
  readonly read: (path: string) => AsyncGenerator<Buffer>;
  /** Manifest of the newest good dump, undefined where there is none. */
  readonly readNewest: () => Promise<DumpManifest | undefined>;
  /** @returns how many went, and how many good ones are left */
  readonly removeExpired: (keepSeconds: number, now: number) => Promise<{ kept: number; removed: number }>;
}

/** Below the prefix of the cluster. */
const FOLDER = 'dumps';

/** @param destination `storage`, or `volume`: the claim that is mounted here */
export async function openDumpStore(
  context: AgentContext,
  destination: string,
  identity: ClusterIdentity,
  signal: AbortSignal,
): Promise<DumpStore> {
  const { engine, namespace, database, policyPrefix } = context;
  if (destination !== 'volume') {
    const prefix = buildStoragePrefix(policyPrefix, namespace, database, identity);
    const credentials = await requireCredentials();
    await readEncryptionKeyId(context.env);
    await assertOwner(context, buildEngineEnv(context, prefix, credentials));
    const place = { engine, env: buildEngineEnv(context, `${prefix}/${FOLDER}`, credentials), signal };
    return makeStore(place, (dump) => removeFromStore(place, dump));
  }
  const directory = `${buildStoragePrefix(DUMP_VOLUME_DIR, namespace, database, identity)}/${FOLDER}`;
  await readEncryptionKeyId(context.env);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const { WALG_S3_PREFIX: _bucket, ...env } = buildEngineEnv(context, '', NO_CREDENTIALS_NEEDED);
  const place = { engine, env: { ...env, WALG_FILE_PREFIX: directory }, signal };
  return makeStore(place, ({ name }) => removeFromVolume(join(directory, name)));
}

const NO_CREDENTIALS_NEEDED = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' };

function makeStore(place: ObjectPlace, remove: (dump: StoredDump) => Promise<void>): DumpStore {
  const read = (path: string) => readObjectStream(place, path);
  return {
    write: (path, source) => putObject(place, path, source),
    read,
    readNewest: async () => {
      const newest = findNewest(listDumps(await listObjects(place)));
      if (!newest) return undefined;
      const parts: Buffer[] = [];
      for await (const chunk of read(`${newest.name}/${MANIFEST}`)) parts.push(chunk);
      return parseManifest(Buffer.concat(parts).toString('utf8'));
    },
    removeExpired: async (keepSeconds, now) => {
      const dumps = listDumps(await listObjects(place));
      const expired = chooseExpired(dumps, keepSeconds, now);
      for (const each of expired) await remove(each);
      const good = dumps.filter(({ isGood }) => isGood).length;
      const removed = expired.filter(({ isGood }) => isGood).length;
      return { kept: good - removed, removed };
    },
  };
}

/** The manifest first: from then on it is torn, whatever happens. Not by walrus, which removes no single file of a volume. */
async function removeFromVolume(directory: string): Promise<void> {
  await rm(join(directory, MANIFEST), { force: true });
  await rm(directory, { recursive: true, force: true });
}

async function removeFromStore(place: ObjectPlace, { name, isGood }: StoredDump): Promise<void> {
  const paths = [...(isGood ? [`${name}/${MANIFEST}`] : []), `${name}/`];
  await removeObjects(place, paths, 1);
}
