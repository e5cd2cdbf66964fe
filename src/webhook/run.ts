// `walguard webhook` in a cluster: serves until the signal, then drains. Room: webhook (door).
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeObject } from '../api/kubernetes.ts';
import { API_VERSION } from '../api/names.ts';
import type { ProtectedDatabase } from '../api/protected-database.ts';
import { createKube, type Kube, loadKubeConfig } from '../kube/client.ts';
import { createFeed } from '../kube/feed.ts';
import { requireVariable } from '../lib/environment.ts';
import { readCertificate } from './certificate-files.ts';
import { DRAIN } from './drain.ts';
import { followDrills } from './drill-store.ts';
import { createPolicyStore } from './policy-store.ts';
import { createProcess } from './process.ts';
import type { ReviewContext } from './review-context.ts';
import { createServing, type Serving } from './serving.ts';

/** Of one call to the API server, which itself waits 5 s for a review's answer. */
const CALL_MS = 3000;
const LOOK_MS = 10_000;
const UNREADY_LOOK_MS = 1000;

export async function runWebhook(env: NodeJS.ProcessEnv, stop: AbortSignal): Promise<void> {
  const directory = requireVariable(env, 'WALGUARD_TLS_DIR');
  const configuration = requireVariable(env, 'WALGUARD_WEBHOOK_CONFIGURATION');
  const image = requireVariable(env, 'WALGUARD_IMAGE');
  const port = Number(env.WALGUARD_PORT || 9443);
  const config = loadKubeConfig();
  const kube = createKube(config, { timeoutMs: CALL_MS });
  const certificate = await readCertificate(directory);
  const { log, metrics, signal, engine, listen, end } = createProcess(env, stop);
  const policies = createPolicyStore(kube, log, engine);
  let serving: Serving | undefined;
  const notReady = () => {
    if (!policies.isLoaded()) return 'the policies were not listed yet';
    return serving ? serving.explain() : 'just started';
  };

  let drills: ReviewContext['findDrills'] | undefined;
  const findDrills: ReviewContext['findDrills'] = (...database) => drills?.(...database);
  const context = { image, policies, listDatabases: listerOf(kube), findDrills };
  const server = await listen(context, notReady, certificate, port);
  log.info({ port, expires: certificate.expiresAt }, 'listening');
  serving = createServing(server, certificate, { kube, log, metrics, directory, configuration });
  // A review that comes while the replica drains is judged by what is true then, too.
  const drained = new AbortController();
  const listing = policies.run(drained.signal);
  drills = followDrills(createFeed(config, { signal: drained.signal }), log, drained.signal);
  while (!signal.aborted) {
    await serving.look();
    const waitMs = notReady() === undefined ? LOOK_MS : UNREADY_LOOK_MS;
    await sleep(waitMs, undefined, { signal }).catch(() => undefined);
  }
  try {
    await end(server, DRAIN);
  } finally {
    drained.abort();
    await listing;
  }
}

function listerOf(kube: Kube): (namespace?: string) => Promise<readonly ProtectedDatabase[]> {
  const databases = { apiVersion: API_VERSION, kind: 'ProtectedDatabase' };
  return (namespace) =>
    kube.list<ProtectedDatabase & KubeObject>(databases, namespace === undefined ? {} : { namespace });
}
