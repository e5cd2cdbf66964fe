// What reviews know of the drills of databases: a few words of each ProtectedDatabase, in memory. A review asks nobody, and
// while the API server is away nothing is concluded from what was known before. Room: webhook (door).
import type { KubeObject } from '../api/kubernetes.ts';
import { API_VERSION } from '../api/names.ts';
import type { ProtectedDatabaseStatus } from '../api/protected-database.ts';
import { type Clock, MONOTONIC } from '../kube/clock.ts';
import type { Feed } from '../kube/feed.ts';
import { startInformer } from '../kube/informer.ts';
import type { DrillStanding } from '../policy/drill-standing.ts';
import type { Logger } from '../telemetry/log.ts';
import type { ReviewContext } from './review-context.ts';

const DATABASES = { apiVersion: API_VERSION, kind: 'ProtectedDatabase' };

/** A watch is heard of at least every 40 s; a drill may have been good since then. */
const OUT_OF_DATE_MS = 120_000;

interface Kept extends KubeObject {
  readonly standing: DrillStanding;
}

/** Works until the signal. */
export function followDrills(
  feed: Feed,
  log: Logger,
  signal: AbortSignal,
  clock: Clock = MONOTONIC,
): ReviewContext['findDrills'] {
  const options = { log, clock, keep, index: () => [], onChange: () => undefined };
  const { store, silentMs } = startInformer<Kept>(feed, DATABASES, options, signal);
  return (namespace, name) => (silentMs() > OUT_OF_DATE_MS ? undefined : store.get(namespace, name)?.standing);
}

/** Of those whose policy has drills. */
function keep(object: KubeObject): Kept | undefined {
  const { policy, drillsSince, lastSuccessfulDrill } = (object.status ?? {}) as ProtectedDatabaseStatus;
  if (policy === undefined || drillsSince === undefined) return undefined;
  const { name, namespace = '', uid, resourceVersion } = object.metadata;
  const metadata = { name, namespace, uid, resourceVersion } as KubeObject['metadata'];
  const standing = { policy, drillsSince, ...(lastSuccessfulDrill ? { lastSuccessfulDrill } : {}) };
  return { apiVersion: API_VERSION, kind: 'ProtectedDatabase', metadata, standing };
}
