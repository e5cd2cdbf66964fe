// `walguard controller`: looks at everything, decides, acts; again on each change and every few seconds.
// Room: controller (door).
import { createServer, type Server } from 'node:http';
import { createKube, type Kube, KubeError, loadKubeConfig } from '../kube/client.ts';
import { requireVariable } from '../lib/environment.ts';
import { policyOf } from '../policy/policy-of.ts';
import { createLogger, type Logger } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { Action } from './action.ts';
import { type CertificateOptions, ensureCertificates } from './certificates.ts';
import { planDatabase, planGone } from './plan.ts';
import { planRestore } from './plan-restore.ts';
import { copyStorageSecret, mintStorageSecret } from './secrets.ts';
import { gather, isUnfinished, WATCHED, type World } from './world.ts';

/** Sidecars are asked this often; changes of objects wake the loop at once. */
const RESYNC_MS = 5000;
/** Somebody waits for a restore to end: its replay is looked at more often. */
const RESTORE_RESYNC_MS = 1000;
/** A burst of changes is one look. */
const SETTLE_MS = 200;
/** Without a successful look for this long the process is restarted. */
const STALE_MS = 120_000;

interface Options extends CertificateOptions {
  readonly image: string;
  readonly storageSecret: string;
  readonly mintStorageSecret: boolean;
  readonly copyStorageSecret: boolean;
  readonly port: number;
}

export async function runController(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  const options = readOptions(env);
  const log = createLogger('controller');
  const kube = createKube(loadKubeConfig());
  const health = { lastSuccess: Date.now(), everSucceeded: false };
  const server = serve(options.port, health);
  const alarm = createAlarm(signal);
  for (const kind of WATCHED) kube.watch(kind, alarm.ring, signal);
  log.info({ port: options.port }, 'controller started');
  while (!signal.aborted) {
    let waitMs = RESYNC_MS;
    try {
      const { restores } = await reconcile(kube, options, log);
      if (restores.some(isUnfinished)) waitMs = RESTORE_RESYNC_MS;
      health.lastSuccess = Date.now();
      health.everSucceeded = true;
    } catch (error) {
      log.error({ error: (error as Error).message }, 'a look at the cluster failed; trying again');
    }
    await alarm.wait(waitMs);
  }
  server.close();
}

function readOptions(env: NodeJS.ProcessEnv): Options {
  const required = (name: string) => requireVariable(env, name);
  return {
    namespace: required('WALGUARD_NAMESPACE'),
    secret: required('WALGUARD_TLS_SECRET'),
    service: required('WALGUARD_WEBHOOK_SERVICE'),
    configuration: required('WALGUARD_WEBHOOK_CONFIGURATION'),
    image: required('WALGUARD_IMAGE'),
    storageSecret: required('WALGUARD_STORAGE_SECRET'),
    mintStorageSecret: env.WALGUARD_MINT_STORAGE_SECRET === 'true',
    copyStorageSecret: env.WALGUARD_COPY_STORAGE_SECRET === 'true',
    port: Number(env.WALGUARD_PORT || 9090),
  };
}

async function reconcile(kube: Kube, options: Options, log: Logger): Promise<World> {
  await ensureCertificates(kube, options, log, new Date());
  if (options.mintStorageSecret) await mintStorageSecret(kube, options.storageSecret, options.namespace, log);
  const world = await gather(kube, options.image);
  if (options.copyStorageSecret) await copyStorageSecret(kube, options.storageSecret, options.namespace, world, log);
  for (const action of planAll(world)) await act(kube, action, log);
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

interface Alarm {
  readonly ring: () => void;
  /** Until it rings and things have settled, at most this long. */
  readonly wait: (atMostMs: number) => Promise<void>;
}

function createAlarm(signal: AbortSignal): Alarm {
  let rung = false;
  let wake: () => void = () => undefined;
  signal.addEventListener('abort', () => wake(), { once: true });
  return {
    ring: () => {
      rung = true;
      wake();
    },
    wait: async (atMostMs) => {
      if (!rung && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, atMostMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      rung = false;
    },
  };
}

function serve(port: number, health: { lastSuccess: number; everSucceeded: boolean }): Server {
  const metrics = createMetrics();
  const server = createServer(async (request, response) => {
    const isFresh = Date.now() - health.lastSuccess < STALE_MS;
    if (request.url === '/metrics') {
      response.setHeader('content-type', metrics.contentType);
      return response.end(await metrics.render());
    }
    const isGood = request.url === '/readyz' ? isFresh && health.everSucceeded : isFresh;
    response.statusCode = isGood ? 200 : 503;
    return response.end(isGood ? 'ok\n' : 'no successful look at the cluster lately; see the log\n');
  });
  return server.listen(port);
}
