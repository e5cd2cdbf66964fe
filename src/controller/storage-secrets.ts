// Keeps the storage Secret where databases need it: looked at when a namespace comes in, when the source has changed, and
// now and then. Secrets are read one by one and not kept. Room: controller (door).
import type { BackupPolicy } from '../api/backup-policy.ts';
import type { StatefulSet } from '../api/kubernetes.ts';
import type { Kube } from '../kube/client.ts';
import type { Logger } from '../telemetry/log.ts';
import { createAlarm } from './alarm.ts';
import { copyStorageSecret, listSecretNames, mintStorageSecret } from './secrets.ts';

export interface StorageSecretOptions {
  readonly namespace: string;
  readonly storageSecret: string;
  readonly mintStorageSecret: boolean;
  readonly copyStorageSecret: boolean;
  /** Further ones, copied where a policy names them. */
  readonly copySecrets: readonly string[];
}

export interface StorageSecrets {
  /** There is a protected database in that namespace. */
  readonly need: (namespace: string) => void;
}

const CHECK_MS = 30_000;
/** So often a copy that nobody should have touched is compared again. */
const REVISIT_MS = 1_800_000;

/** What of the cluster tells which Secrets are needed where. */
export interface SecretNeeds {
  readonly protectedIn: (namespace: string) => readonly StatefulSet[];
  readonly policies: () => readonly BackupPolicy[];
}

/** Works until the signal. */
export function keepStorageSecrets(
  kube: Kube,
  options: StorageSecretOptions,
  { protectedIn, policies }: SecretNeeds,
  log: Logger,
  signal: AbortSignal,
): StorageSecrets {
  const alarm = createAlarm(signal);
  const namespaces = new Set<string>();
  /** By Secret: its version, and when each namespace was done last, in milliseconds of a monotonic clock. */
  const kept = new Map<string, { version: string | undefined; readonly done: Map<string, number> }>();

  async function look(): Promise<void> {
    if (options.mintStorageSecret) await mintStorageSecret(kube, options.storageSecret, options.namespace, log);
    for (const namespace of namespaces) if (protectedIn(namespace).length === 0) namespaces.delete(namespace);
    if (!options.copyStorageSecret) return;
    for (const name of [options.storageSecret, ...options.copySecrets]) await copy(name);
  }

  async function copy(name: string): Promise<void> {
    const isNeeded = (namespace: string) =>
      name === options.storageSecret || listSecretNames(protectedIn(namespace), policies()).includes(name);
    const needed = [...namespaces].filter(isNeeded);
    if (needed.length === 0) return;
    const ref = { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: options.namespace, name } };
    const version = (await kube.get(ref))?.metadata.resourceVersion;
    const before = kept.get(name);
    const done = before?.version === version && before ? before.done : new Map<string, number>();
    kept.set(name, { version, done });
    for (const namespace of needed) {
      if (signal.aborted) return;
      if (performance.now() - (done.get(namespace) ?? Number.NEGATIVE_INFINITY) < REVISIT_MS) continue;
      await copyStorageSecret(kube, name, options.namespace, { statefulSets: protectedIn(namespace) }, log);
      done.set(namespace, performance.now());
    }
  }

  async function keep(): Promise<void> {
    while (!signal.aborted) {
      await look().catch(({ message }: Error) => {
        if (!signal.aborted) log.error({ error: message }, 'storage credentials could not be kept; trying again');
      });
      await alarm.wait(CHECK_MS);
    }
  }

  void keep();
  return {
    need: (namespace) => {
      if (namespaces.has(namespace)) return;
      namespaces.add(namespace);
      alarm.ring();
    },
  };
}
