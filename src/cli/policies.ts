// The policies by which an offline verb judges: from a directory, from a cluster, or those that come with walguard.
// Room: cli (door).
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { API_VERSION } from '../api/names.ts';
import type { KubeError, KubeOptions } from '../kube/client.ts';
import { readPolicyDirectory } from '../manifest/policies.ts';
import type { UncheckedPolicy } from '../policy/find-settings.ts';
import { describeDenials } from './policy-lines.ts';
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
  const { policies, located, lacking } = await readPolicyDirectory(directory);
  const now = new Date().toISOString();
  for (const { policy, ...place } of located) {
    for (const line of describeDenials(place, policy.metadata.name ?? '', policy.spec, now)) say(line);
  }
  if (lacking.length > 0) say(`storage of ${lacking.join(', ')}: the object store that the chart installs by default`);
  return policies;
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
  // Loaded when it is asked for: the Kubernetes client is the largest package of all.
  const { createKube, loadKubeConfig } = await import('../kube/client.ts');
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
  if ((error as Partial<KubeError>).status === 404) return 'walguard is not installed in the cluster';
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return `${error.message}${cause}`;
}
