// The owner record of a cluster's prefix in the store: read, written, asked by jobs. Room: agent (door).
import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CLUSTER_CA_FILE, STORAGE_DIR } from '../api/names.ts';
import type { Connection } from '../tools/connection.ts';
import { listFolder, type Place, readObject, writeObject } from '../tools/object-store.ts';
import { queryTimeline } from '../tools/postgres.ts';
import type { AgentContext } from './context.ts';
import { type Claimant, decideOwner, type OwnerRecord } from './owner-decision.ts';
import { readEncryptionKeyId } from './storage.ts';

const FOLDER = 'walguard';
const NAME = 'owner.json';

/** Undefined where nobody has claimed the prefix; throws where the store cannot be read. */
export async function readOwner(place: Place): Promise<OwnerRecord | undefined> {
  // Listed first: the engines have no code of their own for an object that is missing.
  if (!(await listFolder(place, FOLDER)).includes(NAME)) return undefined;
  return parseOwner(await readObject(place, `${FOLDER}/${NAME}`));
}

/** What is no record names no owner: it must not stop an archive for ever. */
function parseOwner(text: string): OwnerRecord | undefined {
  try {
    const record = JSON.parse(text) as OwnerRecord | null;
    return typeof record?.writer === 'string' && typeof record.renewedAt === 'string' ? record : undefined;
  } catch {
    return undefined;
  }
}

/** @param directory that this process may write to */
export async function writeOwner(place: Place, directory: string, record: OwnerRecord): Promise<void> {
  const file = join(directory, NAME);
  await writeFile(file, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  await writeObject(place, file, `${FOLDER}/${NAME}`).finally(() => rm(file, { force: true }));
}

export async function describeClaimant(context: AgentContext): Promise<Claimant> {
  const [installation, encryptionKeyId] = await Promise.all([readInstallation(), readEncryptionKeyId(context.env)]);
  const { namespace, database, pod, node } = context;
  return {
    ...(installation === undefined ? {} : { installation }),
    namespace,
    database,
    pod,
    node,
    ...(encryptionKeyId === undefined ? {} : { encryptionKeyId }),
  };
}

/**
 * Which Kubernetes cluster this is: the fingerprint of its CA, which every namespace has in kube-root-ca.crt. Told by the
 * running pod and not by injection: a template that is copied into another cluster must not bring the first one's along.
 */
export async function readInstallation(directory = STORAGE_DIR): Promise<string | undefined> {
  const certificates = await readFile(join(directory, CLUSTER_CA_FILE)).catch(() => undefined);
  return certificates?.length ? createHash('sha256').update(certificates).digest('hex').slice(0, 16) : undefined;
}

const JOB_TIMEOUT_MS = 60_000;

/**
 * For jobs, before they write or remove anything; throws where the prefix is another's.
 *
 * @param env of the engine
 * @param askTimeline that the job's Postgres writes; undefined in recovery
 */
export async function assertOwner(
  context: AgentContext,
  env: NodeJS.ProcessEnv,
  askTimeline: (connection: Connection) => Promise<number | undefined> = queryTimeline,
): Promise<void> {
  const record = await readOwner({ engine: context.engine, env, timeoutMs: JOB_TIMEOUT_MS });
  const { WALGUARD_INSTANCE: instance } = context.env;
  const timeline = instance ? await askTimeline(context.connection) : undefined;
  // For the Postgres that it serves: a job is refused where that one's own sidecar is.
  const role = instance && timeline !== undefined ? { pod: instance, timeline } : {};
  const verdict = decideOwner(record, { ...(await describeClaimant(context)), ...role }, new Date().toISOString());
  if (verdict.kind === 'refused') throw new Error(`nothing was written: ${verdict.message}`);
}
