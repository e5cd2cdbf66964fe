// Keeps the storage Secrets where databases need them: looked at when a namespace comes in, when a source or the databases
// there have changed, and now and then. Secrets are read one by one and not kept. Room: controller (door).
import type { BackupPolicy } from '../api/backup-policy.ts';
import type { StatefulSet } from '../api/kubernetes.ts';
import { COPY_TO_ANNOTATION } from '../api/names.ts';
import type { Kube } from '../kube/client.ts';
import type { Logger } from '../telemetry/log.ts';
import { createAlarm } from './alarm.ts';
import { copySecret, listSecretNames, mayGoTo, mintStorageSecret, refTo, type Secret } from './secrets.ts';

export interface StorageSecretOptions {
  readonly namespace: string;
  readonly storageSecret: string;
  readonly mintStorageSecret: boolean;
  readonly copyStorageSecret: boolean;
  /** Further ones, copied where a database needs them and the source lets them go. */
  readonly copySecrets: readonly string[];
}

export interface StorageSecrets {
  /** There is a protected database in that namespace. */
  readonly need: (namespace: string) => void;
}

const CHECK_MS = 30_000;
/** So often a copy that nobody should have touched is compared again. */
const REVISIT_MS = 1_800_000;

const REMEDY = `to let it, name the namespace in the annotation ${COPY_TO_ANNOTATION} of the Secret in walguard's own namespace`;

/** What of the cluster tells which Secrets are needed where. */
export interface SecretNeeds {
  readonly protectedIn: (namespace: string) => readonly StatefulSet[];
  readonly policies: () => readonly BackupPolicy[];
}

/** What was last done for one Secret in one namespace. */
interface Done {
  /** Version of the source, and the databases there: a namespace that was deleted and made again has others. */
  readonly mark: string;
  /** Milliseconds of a monotonic clock. */
  readonly at: number;
}

interface Need {
  readonly namespace: string;
  readonly secrets: readonly string[];
  /** Their uids. */
  readonly databases: string;
  /** By Secret. */
  readonly done: Map<string, Done>;
}

/** Works until the signal. What fails in one namespace, or for one Secret, keeps no other waiting. */
export function keepStorageSecrets(
  kube: Kube,
  options: StorageSecretOptions,
  { protectedIn, policies }: SecretNeeds,
  log: Logger,
  signal: AbortSignal,
): StorageSecrets {
  const alarm = createAlarm(signal);
  const namespaces = new Map<string, Need['done']>();
  const names = new Set([options.storageSecret, ...options.copySecrets]);

  async function look(): Promise<void> {
    if (options.mintStorageSecret)
      await attempt({ secret: options.storageSecret }, () =>
        mintStorageSecret(kube, options.storageSecret, options.namespace, log),
      );
    if (!options.copyStorageSecret) return;
    const needs = listNeeds();
    for (const name of names) await attempt({ secret: name }, () => copy(name, needs));
  }

  function listNeeds(): Need[] {
    return [...namespaces].flatMap(([namespace, done]) => {
      const there = protectedIn(namespace);
      if (there.length === 0) namespaces.delete(namespace);
      if (there.length === 0 || namespace === options.namespace) return [];
      const databases = there.map(({ metadata }) => metadata.uid).sort();
      return [{ namespace, secrets: listSecretNames(there, policies()), databases: databases.join(), done }];
    });
  }

  async function copy(name: string, needs: readonly Need[]): Promise<void> {
    const needed = needs.filter(({ secrets }) => secrets.includes(name));
    if (needed.length === 0) return;
    const source = await kube.get<Secret>(refTo(name, options.namespace));
    if (!source?.data) return;
    for (const { namespace, databases, done } of needed) {
      const mark = `${source.metadata.resourceVersion} ${databases}`;
      const before = done.get(name);
      if (before?.mark === mark && performance.now() - before.at < REVISIT_MS) continue;
      await attempt({ secret: name, namespace }, async () => {
        if (name === options.storageSecret || mayGoTo(source, namespace))
          await copySecret(kube, source, namespace, log);
        else
          log.warn({ secret: name, namespace, remedy: REMEDY }, 'a policy there names a Secret that may not go there');
        done.set(name, { mark, at: performance.now() });
      });
    }
  }

  async function attempt(what: object, work: () => Promise<void>): Promise<void> {
    if (signal.aborted) return;
    await work().catch(({ message }: Error) => {
      if (!signal.aborted) log.error({ ...what, error: message }, 'a storage Secret could not be kept; trying again');
    });
  }

  async function keep(): Promise<void> {
    while (!signal.aborted) {
      await attempt({}, look);
      await alarm.wait(CHECK_MS);
    }
  }

  void keep();
  return {
    need: (namespace) => {
      if (namespaces.has(namespace)) return;
      namespaces.set(namespace, new Map());
      alarm.ring();
    },
  };
}
