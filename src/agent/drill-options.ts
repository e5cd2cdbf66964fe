// What the builder tells a drill by its environment, and the checks of its ConfigMap. Room: agent (door).
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EvidenceRecord } from '../api/evidence.ts';
import type { AskedMoment } from '../lib/drill/target.ts';
import { toUserCheck, type UserCheck } from '../lib/drill/user-checks.ts';
import { requireVariable } from '../lib/environment.ts';
import { parseSource, toJson } from '../manifest/parse.ts';

export interface DrillOptions extends AskedMoment {
  /** Of the drill in the policy. */
  readonly name: string;
  readonly source: 'baseBackup' | 'dump';
  readonly amcheck: boolean;
  readonly checks: readonly UserCheck[];
  /** Name of a ConfigMap with more of them. */
  readonly checksFrom?: string;
  readonly requestedBy: string;
  /** The database pod. */
  readonly instance: string;
  readonly job: string;
  readonly delaySeconds: number;
  readonly timeoutSeconds: number;
  /** How long a segment that is missing is waited for: engines store several at a time. */
  readonly secondLookMs: number;
  /** Of the cluster whose backups are rehearsed; without it the source's server is asked. */
  readonly storagePrefix?: string;
  /** Where the disposable volume is mounted. */
  readonly mount: string;
  /** The user's own settings on the server's command line, as `name=value`. */
  readonly serverOptions: readonly string[];
  /** Where the policy's dumps lie. */
  readonly dumpDestination: 'storage' | 'volume';
  readonly policy: string;
  readonly image: string;
  readonly objectives: EvidenceRecord['objectives'];
}

const SECOND_LOOK_MS = 60_000;

export function readDrillOptions(env: NodeJS.ProcessEnv): DrillOptions {
  const required = (name: string) => requireVariable(env, name);
  const asked = JSON.parse(required('WALGUARD_DRILL')) as Pick<
    DrillOptions,
    'name' | 'source' | 'target' | 'lagSeconds' | 'amcheck' | 'checksFrom'
  >;
  const { WALGUARD_SOURCE_PREFIX: storagePrefix } = env;
  return {
    ...asked,
    checks: readChecks(env),
    requestedBy: env.WALGUARD_REQUESTED_BY || 'schedule',
    instance: required('WALGUARD_INSTANCE'),
    job: env.WALGUARD_JOB ?? '',
    delaySeconds: Number(env.WALGUARD_DELAY_SECONDS) || 0,
    timeoutSeconds: Number(required('WALGUARD_TIMEOUT_SECONDS')),
    secondLookMs: Number(env.WALGUARD_SECOND_LOOK_MS ?? SECOND_LOOK_MS),
    ...(storagePrefix ? { storagePrefix } : {}),
    mount: required('WALGUARD_DATA_MOUNT').replace(/(?<=.)\/+$/, ''),
    serverOptions: JSON.parse(env.WALGUARD_SERVER_OPTIONS || '[]') as string[],
    dumpDestination: env.WALGUARD_DUMP_DESTINATION === 'volume' ? 'volume' : 'storage',
    policy: env.WALGUARD_POLICY ?? '',
    image: env.WALGUARD_IMAGE ?? '',
    objectives: JSON.parse(env.WALGUARD_OBJECTIVES || '{}') as EvidenceRecord['objectives'],
  };
}

function readChecks(env: NodeJS.ProcessEnv): UserCheck[] {
  const checks: UserCheck[] = [];
  for (let number = 1; env[`WALGUARD_DRILL_CHECK_${number}`] !== undefined; number++) {
    const { name, ...check } = JSON.parse(env[`WALGUARD_DRILL_CHECK_${number}`] ?? '') as UserCheck;
    checks.push(toUserCheck(name, check));
  }
  return checks;
}

/**
 * The data directory of the copy: the workload's own path, so that what names it holds; but not the root of the volume, which
 * belongs to root, and Postgres wants to own its directory.
 */
export function copyDirectory(pgdata: string, mount: string): string {
  return pgdata === mount ? `${pgdata}/pgdata` : pgdata;
}

/** Each entry of the ConfigMap is one check, or in words why it is none. The kubelet's own entries begin with two dots. */
export async function readConfigMapChecks(
  directory: string,
): Promise<readonly { readonly name: string; readonly check: UserCheck | string }[]> {
  const names = await readdir(directory).catch((): string[] => []);
  const own = names.filter((name) => !name.startsWith('..')).sort();
  return Promise.all(own.map(async (file) => readEntry(file, await readFile(join(directory, file), 'utf8'))));
}

function readEntry(file: string, text: string): { name: string; check: UserCheck | string } {
  const name = file.replace(/\.(ya?ml|json)$/, '');
  try {
    const parsed = parseSource({ file, text });
    if ('message' in parsed) throw new Error(`${file}: ${parsed.message}`);
    const [document, ...others] = parsed.documents;
    if (!document || others.length > 0) throw new Error(`${file} must hold one check`);
    return { name, check: toUserCheck(name, toJson(document)) };
  } catch (error) {
    return { name, check: (error as Error).message };
  }
}
