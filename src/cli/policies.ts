// The policies by which an offline verb judges: from a directory, from a cluster, or those that come with walguard.
// Room: cli (door).
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { API_VERSION } from '../api/names.ts';
import { createKube, KubeError, type KubeOptions, loadKubeConfig } from '../kube/client.ts';
import { isObject } from '../lib/json.ts';
import { DEFAULT_STORAGE } from '../policy/default-storage.ts';
import type { UncheckedPolicy } from '../policy/find-settings.ts';
import { readSources } from './input.ts';
import { findObjects } from './objects.ts';
import { parseSource } from './parse.ts';
import { formatProblem, InputError } from './problem.ts';
import { say } from './say.ts';

export interface PolicyOptions extends KubeOptions {
  /** Directory with BackupPolicy documents. */
  readonly policies?: string;
}

const CLUSTER_TIMEOUT_MS = 3000;

export class UnreachableError extends Error {}

export async function loadPolicies(options: PolicyOptions): Promise<readonly UncheckedPolicy[]> {
  if (options.policies !== undefined) return readDirectory(options.policies);
  if (options.context !== undefined || options.kubeconfig !== undefined) {
    return listFromCluster(options).catch((error: Error) => {
      throw new UnreachableError(`the policies cannot be read from the cluster: ${explain(error)}`);
    });
  }
  if (!hasKubeconfig()) return readBuiltIn('no cluster is configured');
  return listFromCluster(options).catch((error: Error) => readBuiltIn(explain(error)));
}

async function readDirectory(directory: string): Promise<readonly UncheckedPolicy[]> {
  const policies = await readPolicies(directory);
  say(`policies: ${namesOf(policies)} (from ${directory})`);
  return policies;
}

async function readBuiltIn(why: string): Promise<readonly UncheckedPolicy[]> {
  // Beside dist/ and src/; a program that was copied elsewhere has none.
  const places = ['../policies', '../../policies'].map((path) => join(import.meta.dirname, path));
  const directory = places.find((place) => existsSync(place));
  if (directory === undefined) {
    say(`policies: none (${why}, and none came with this program; name a directory of them with --policies)`);
    return [];
  }
  const policies = await readPolicies(directory);
  say(`policies: ${namesOf(policies)} (built in; ${why})`);
  return policies;
}

async function readPolicies(directory: string): Promise<readonly UncheckedPolicy[]> {
  const { sources, problems } = await readSources([directory], false);
  const policies = new Map<string, UncheckedPolicy>();
  for (const problem of problems) throw new InputError(formatProblem(problem));
  for (const source of sources) {
    const file = parseSource(source);
    if (!('documents' in file)) throw new InputError(formatProblem(file));
    for (const { object, line } of findObjects(file)) {
      if (object.kind !== 'BackupPolicy') continue;
      const name = object.metadata.name ?? '';
      if (policies.has(name)) {
        throw new InputError(
          formatProblem({
            file: source.file,
            line,
            message: `BackupPolicy "${name}" is there twice`,
            remedy: 'Keep one.',
          }),
        );
      }
      policies.set(name, object as UncheckedPolicy);
    }
  }
  return fillStorage([...policies.values()]);
}

/** A policy of this repository leaves the storage to the chart. */
function fillStorage(policies: readonly UncheckedPolicy[]): readonly UncheckedPolicy[] {
  const lacking = policies.filter(({ spec }) => isObject(spec) && spec.storage === undefined);
  if (lacking.length > 0) say(`storage of ${namesOf(lacking)}: the object store that the chart installs by default`);
  return policies.map((policy) =>
    lacking.includes(policy) ? { ...policy, spec: { ...(policy.spec as object), storage: DEFAULT_STORAGE } } : policy,
  );
}

function namesOf(policies: readonly UncheckedPolicy[]): string {
  return policies.map(({ metadata }) => metadata.name).join(', ') || 'none';
}

function hasKubeconfig(): boolean {
  const { KUBECONFIG } = process.env;
  return KUBECONFIG !== undefined && KUBECONFIG !== ''
    ? KUBECONFIG.split(':').some((path) => path !== '' && existsSync(path))
    : existsSync(join(homedir(), '.kube', 'config'));
}

async function listFromCluster(options: KubeOptions): Promise<readonly UncheckedPolicy[]> {
  const kube = createKube(loadKubeConfig(options));
  const policies = kube.list({ apiVersion: API_VERSION, kind: 'BackupPolicy' });
  const late = sleep(CLUSTER_TIMEOUT_MS, undefined, { ref: false }).then(() => {
    throw new Error(`no answer within ${CLUSTER_TIMEOUT_MS / 1000} s`);
  });
  const found = await Promise.race([policies, late]);
  say(`policies: ${namesOf(found)} (from the cluster)`);
  return found;
}

function explain(error: Error): string {
  if (error instanceof KubeError && error.status === 404) return 'walguard is not installed in the cluster';
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return `${error.message}${cause}`;
}
