// `walguard controller`: stands by until it leads; then looks at everything, decides, acts, again on each change and every
// few seconds. Room: controller (door).
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { createKube, type Kube, KubeError, loadKubeConfig } from '../kube/client.ts';
import { LEASE_TIMING, runAsLeader } from '../kube/lease.ts';
import { requireVariable } from '../lib/environment.ts';
import { policyOf } from '../policy/policy-of.ts';
import { createLogger, type Logger } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { Action } from './action.ts';
import { createAlarm } from './alarm.ts';
import { type CertificateOptions, keepCertificates } from './certificates.ts';
import { createHealth, type Health, serveHealth } from './health.ts';
import { planDatabase } from './plan.ts';
import { planRestore } from './plan-restore.ts';
import { planGone } from './plan-status.ts';
import { copyStorageSecret, mintStorageSecret } from './secrets.ts';
import { gather, isUnfinished, WATCHED, type World } from './world.ts';

/** Sidecars are asked this often; changes of objects wake the loop at once. */
const RESYNC_MS = 5000;
/** Somebody waits for a restore to end: its replay is looked at more often. */
const RESTORE_RESYNC_MS = 1000;

interface Options extends CertificateOptions {
  /** Name of the Lease. */
  readonly lease: string;
  readonly image: string;
  readonly storageSecret: string;
  readonly mintStorageSecret: boolean;
  readonly copyStorageSecret: boolean;
  readonly port: number;
}

export async function runController(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  const options = readOptions(env);
  const log = createLogger('controller');
  const config = loadKubeConfig();
  const health = createHealth(() => performance.now());
  const metrics = createMetrics();
  const server = serveHealth(options.port, health, metrics);
  log.info({ port: options.port }, 'controller started');
  const lease = {
    name: options.lease,
    namespace: options.namespace,
    // A pod's containers are restarted under the same host name.
    identity: `${hostname()}_${randomUUID()}`,
    log,
    onStandby: health.noteGood,
  };
  const leaseKube = createKube(config, { timeoutMs: LEASE_TIMING.renewDeadlineMs / 2 });
  await runAsLeader(leaseKube, lease, signal, async (leading) => {
    // No call of ours goes on when another one leads.
    const kube = createKube(config, { signal: leading });
    metrics.setLeading(true);
    await Promise.all([keepCertificates(kube, options, log, leading), reconcile(kube, options, log, health, leading)]);
    metrics.setLeading(false);
  });
  server.close();
}

function readOptions(env: NodeJS.ProcessEnv): Options {
  const required = (name: string) => requireVariable(env, name);
  return {
    namespace: required('WALGUARD_NAMESPACE'),
    lease: required('WALGUARD_LEASE'),
    secret: required('WALGUARD_TLS_SECRET'),
    mint: env.WALGUARD_MINT_CERTIFICATE === 'true',
    service: required('WALGUARD_WEBHOOK_SERVICE'),
    configuration: required('WALGUARD_WEBHOOK_CONFIGURATION'),
    image: required('WALGUARD_IMAGE'),
    storageSecret: required('WALGUARD_STORAGE_SECRET'),
    mintStorageSecret: env.WALGUARD_MINT_STORAGE_SECRET === 'true',
    copyStorageSecret: env.WALGUARD_COPY_STORAGE_SECRET === 'true',
    port: Number(env.WALGUARD_PORT || 9090),
  };
}

/** Until the signal; never rejects. */
async function reconcile(
  kube: Kube,
  options: Options,
  log: Logger,
  health: Health,
  signal: AbortSignal,
): Promise<void> {
  const alarm = createAlarm(signal);
  for (const kind of WATCHED) kube.watch(kind, () => alarm.ring(), signal);
  while (!signal.aborted) {
    let waitMs = RESYNC_MS;
    try {
      const { restores } = await look(kube, options, log, signal);
      if (restores.some(isUnfinished)) waitMs = RESTORE_RESYNC_MS;
      health.noteGood();
    } catch (error) {
      if (!signal.aborted) log.error({ error: (error as Error).message }, 'a look at the cluster failed; trying again');
    }
    await alarm.wait(waitMs);
  }
}

async function look(kube: Kube, options: Options, log: Logger, signal: AbortSignal): Promise<World> {
  if (options.mintStorageSecret) await mintStorageSecret(kube, options.storageSecret, options.namespace, log);
  const world = await gather(kube, options.image);
  if (options.copyStorageSecret) await copyStorageSecret(kube, options.storageSecret, options.namespace, world, log);
  for (const action of planAll(world)) {
    if (signal.aborted) break;
    await act(kube, action, log);
  }
  return world;
}

export function planAll(world: World): Action[] {
  const databases = world.statefulSets.filter((each) => policyOf(each) && !each.metadata.deletionTimestamp);
  return [
    ...databases.flatMap((workload) => planDatabase(workload, world)),
    ...world.databases.flatMap((database) => planGone(database, world)),
    ...world.restores.flatMap((restore) => planRestore(restore, world)),
  ];
}

/** One object's trouble must not stop the others' care. */
async function act(kube: Kube, { verb, object }: Action, log: Logger): Promise<void> {
  const { kind, metadata } = object;
  const what = { verb, kind, namespace: metadata.namespace, name: metadata.name };
  try {
    if (verb === 'create') await kube.create(object);
    else if (verb === 'apply') await kube.apply(object);
    else await kube.applyStatus(object);
    log.info(what, 'done');
  } catch (error) {
    if (verb === 'create' && error instanceof KubeError && error.status === 409) return;
    log.error({ ...what, error: (error as Error).message }, 'could not be done; trying again');
  }
}
