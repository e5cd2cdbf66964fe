// The cluster's policies in memory, so that a review asks nobody and an API server that is away stops nothing.
// Room: webhook (door).
import { setTimeout as sleep } from 'node:timers/promises';
import type { BackupPolicy } from '../api/backup-policy.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { API_VERSION } from '../api/names.ts';
import type { Kube } from '../kube/client.ts';
import type { Reason } from '../lib/reason.ts';
import type { EngineId } from '../policy/engines.ts';
import { POLICY_FIELD, policyUnknown, type UncheckedPolicy } from '../policy/find-settings.ts';
import type { Settings } from '../policy/settings.ts';
import type { Logger } from '../telemetry/log.ts';
import { type KnownPolicy, knowPolicy, type PolicySource } from './policy-source.ts';

export interface PolicyStore extends PolicySource {
  /** Whether the policies were listed once; from then on the last known ones serve, whatever happens. */
  readonly isLoaded: () => boolean;
  /** Resolves when the signal is given. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

export interface StoreTimes {
  /** A watch can hang without a word, so the list is read anew this often in any case. */
  readonly relistMs: number;
  /** Until the first list, and after one that failed. */
  readonly retryMs: number;
  /** A burst of changes is one list. */
  readonly settleMs: number;
}

const TIMES: StoreTimes = { relistMs: 30_000, retryMs: 1000, settleMs: 100 };
const POLICIES = { apiVersion: API_VERSION, kind: 'BackupPolicy' };

type LivePolicy = BackupPolicy & KubeObject;

/**
 * @param kube its calls must end well before the API server's patience with the webhook does
 * @param engine in walguard's image, where that is known
 */
export function createPolicyStore(
  kube: Kube,
  log: Logger,
  engine: EngineId | undefined,
  times: StoreTimes = TIMES,
): PolicyStore {
  let known: ReadonlyMap<string, KnownPolicy> = new Map();
  let policies: readonly UncheckedPolicy[] = [];
  let isLoaded = false;

  function keep(next: ReadonlyMap<string, KnownPolicy>): void {
    known = next;
    policies = [...next.values()].map(({ policy }) => policy);
  }

  async function refresh(): Promise<void> {
    const live = await kube.list<LivePolicy>(POLICIES);
    keep(new Map(live.map((policy) => [policy.metadata.name ?? '', keepOrKnow(known, policy, engine)])));
    if (!isLoaded) log.info({ policies: live.length }, 'policies listed');
    isLoaded = true;
  }

  /** A policy that was made a moment ago is there, though no list has seen it. */
  async function lookUp(name: string): Promise<Settings | readonly Reason[]> {
    try {
      const policy = await kube.get<LivePolicy>({ ...POLICIES, metadata: { name } });
      if (!policy) return [policyUnknown(name, isLoaded ? policies : await kube.list<LivePolicy>(POLICIES))];
      const found = knowPolicy(policy, engine);
      keep(new Map([...known, [name, found]]));
      return found.settings();
    } catch (error) {
      return [unreadable(name, error as Error)];
    }
  }

  return {
    isLoaded: () => isLoaded,
    list: () => policies,
    find: async (name) => known.get(name)?.settings() ?? lookUp(name),
    run: (signal) => keepFresh(kube, log, times, signal, refresh),
  };
}

/** The same version is not judged twice. */
function keepOrKnow(
  known: ReadonlyMap<string, KnownPolicy>,
  policy: LivePolicy,
  engine: EngineId | undefined,
): KnownPolicy {
  const before = known.get(policy.metadata.name ?? '');
  const { uid, resourceVersion } = policy.metadata;
  const { metadata } = (before?.policy ?? {}) as Partial<LivePolicy>;
  const isSame = resourceVersion !== undefined && metadata?.resourceVersion === resourceVersion && metadata.uid === uid;
  return before && isSame ? before : knowPolicy(policy, engine);
}

async function keepFresh(
  kube: Kube,
  log: Logger,
  times: StoreTimes,
  signal: AbortSignal,
  refresh: () => Promise<void>,
): Promise<void> {
  let changed = Promise.withResolvers<void>();
  kube.watch(POLICIES, () => changed.resolve(), signal);
  signal.addEventListener('abort', () => changed.resolve(), { once: true });
  let failures = 0;
  while (!signal.aborted) {
    changed = Promise.withResolvers<void>();
    try {
      await refresh();
      failures = 0;
    } catch (error) {
      failures++;
      // Said once for each outage: it is tried again every second.
      if (failures === 1)
        log.warn({ error: (error as Error).message }, 'the policies could not be listed; the last known ones serve');
    }
    if (failures > 0) await pause(times.retryMs, signal);
    else await waitForChange(changed.promise, times, signal);
  }
}

async function waitForChange(changed: Promise<void>, times: StoreTimes, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, times.relistMs);
    changed.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
  await pause(times.settleMs, signal);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

function unreadable(name: string, { message }: Error): Reason {
  return {
    code: 'policy-unreadable',
    field: POLICY_FIELD,
    seen: `"${name}", which could not be read (${message})`,
    remedy: 'Apply again in a moment.',
  };
}
