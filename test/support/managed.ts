// The leading controller on an API server in memory, with the database `shop/orders` and a sidecar that answers.
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import type { SidecarStatus } from '../../src/api/reports.ts';
import { type ManageOptions, manage } from '../../src/controller/manage.ts';
import { createKube, loadKubeConfig } from '../../src/kube/client.ts';
import { createFeed } from '../../src/kube/feed.ts';
import { type FaultyApi, startFaultyApi } from './faulty-api.ts';
import { createRecordedLog, type RecordedLog } from './recorded-log.ts';
import { IMAGE } from './workloads.ts';
import { buildDatabase, buildPod, buildSidecarStatus, POLICY } from './world.ts';

export interface Controller {
  /** Its calls under way end in the middle, as those of a process that is killed. */
  readonly kill: () => Promise<void>;
  readonly log: RecordedLog;
}

export const OPTIONS: ManageOptions = {
  image: IMAGE,
  identity: 'test',
  namespace: 'walguard-system',
  storageSecret: 'walguard-storage',
  mintStorageSecret: false,
  copyStorageSecret: false,
  copySecrets: [],
};

export function startController(
  context: TestContext,
  api: Pick<FaultyApi, 'kubeconfig'>,
  status: SidecarStatus | string = buildSidecarStatus(),
  health: { readonly noteGood: () => void } = { noteGood: () => undefined },
  options: Partial<ManageOptions> = {},
): Controller {
  const end = new AbortController();
  const config = loadKubeConfig(api);
  const limits = { signal: end.signal, timeoutMs: 2000 };
  const recorded = createRecordedLog();
  const managing = { kube: createKube(config, limits), feed: createFeed(config, limits), log: recorded.log, health };
  const ended = manage({ ...OPTIONS, ask: async () => status, ...options }, managing, end.signal);
  const kill = async () => {
    end.abort();
    await ended;
  };
  context.after(kill);
  return { kill, log: recorded };
}

/** The database, its policy and its pod, as the API server has them; and what is given besides. */
export async function startCluster(context: TestContext, ...more: KubeObject[]): Promise<FaultyApi> {
  const pod = buildPod();
  pod.metadata.labels = { 'statefulset.kubernetes.io/pod-name': 'orders-0' };
  return startFaultyApi(context, buildDatabase(), POLICY as object as KubeObject, pod, ...more);
}

export const writesOf = ({ requests }: FaultyApi) => requests.filter(({ isWrite }) => isWrite);

/** Until nothing has been written for a while. @param least writes that must have come before */
export async function settle(api: FaultyApi, least = 1, quietMs = 600): Promise<void> {
  const deadline = performance.now() + 20_000;
  let count = -1;
  let since = performance.now();
  while (performance.now() < deadline) {
    const { length } = writesOf(api);
    if (length !== count) since = performance.now();
    count = length;
    if (count >= least && performance.now() - since >= quietMs) return;
    await sleep(20);
  }
  throw new Error(`after 20 s there are still writes: ${count}`);
}
