// A Secret as the kubelet mounts it: files behind the symlink `..data`, which is swapped at once when the Secret changed,
// some time after it did.
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import type { Kube } from '../../src/kube/client.ts';

export interface SecretMount {
  readonly namespace: string;
  readonly name: string;
  /** The keys that the volume's items name; others stay out. */
  readonly keys: readonly string[];
  readonly directory: string;
  /** How long after a change the files follow. */
  readonly lagMs: number;
}

interface Secret extends KubeObject {
  data?: Readonly<Record<string, string>>;
}

const LOOK_MS = 500;

/** Resolves once the files are there, and keeps them up to date until the signal. */
export async function mountSecret(kube: Kube, mount: SecretMount, signal: AbortSignal): Promise<void> {
  const { name, namespace, directory } = mount;
  const ref = { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace } };
  const first = await kube.get<Secret>(ref);
  if (!first) throw new Error(`there is no Secret ${namespace}/${name}`);
  await mkdir(directory, { recursive: true });
  for (const key of mount.keys) await symlink(join('..data', key), join(directory, key));
  await swap(mount, first);
  void follow(kube, mount, first, signal);
}

async function follow(kube: Kube, mount: SecretMount, first: Secret, signal: AbortSignal): Promise<void> {
  let { resourceVersion: seen } = first.metadata;
  while (!signal.aborted) {
    await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    const next = await kube.get<Secret>(first).catch(() => undefined);
    if (signal.aborted || !next || next.metadata.resourceVersion === seen) continue;
    // Like the kubelet, it then writes what it saw, even where the Secret has changed again since.
    await sleep(mount.lagMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    await swap(mount, next);
    seen = next.metadata.resourceVersion;
  }
}

async function swap({ directory, keys }: SecretMount, { metadata, data = {} }: Secret): Promise<void> {
  const version = `..${metadata.resourceVersion}`;
  await mkdir(join(directory, version), { recursive: true });
  for (const key of keys) {
    const value = data[key];
    if (value === undefined) throw new Error(`the Secret ${metadata.name} has no ${key}, so a pod could not start`);
    await writeFile(join(directory, version, key), Buffer.from(value, 'base64'));
  }
  await rm(join(directory, '..data_tmp'), { force: true });
  await symlink(version, join(directory, '..data_tmp'));
  await rename(join(directory, '..data_tmp'), join(directory, '..data'));
}
