// `walguard controller`: stands by until it leads; then works, as manage.ts says. Room: controller (door).
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { createKube, loadKubeConfig } from '../kube/client.ts';
import { createFeed } from '../kube/feed.ts';
import { LEASE_TIMING, runAsLeader } from '../kube/lease.ts';
import { requireVariable } from '../lib/environment.ts';
import { createControllerMetrics } from '../telemetry/controller-metrics.ts';
import { createLogger } from '../telemetry/log.ts';
import type { Caches } from './caches.ts';
import { type CertificateOptions, keepCertificates } from './certificates.ts';
import { createHealth, serveHealth } from './health.ts';
import { manage } from './manage.ts';

interface Options extends CertificateOptions {
  /** Name of the Lease. */
  readonly lease: string;
  readonly image: string;
  readonly storageSecret: string;
  readonly mintStorageSecret: boolean;
  readonly copyStorageSecret: boolean;
  readonly copySecrets: readonly string[];
  readonly port: number;
}

export async function runController(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  const options = readOptions(env);
  const log = createLogger('controller');
  const config = loadKubeConfig();
  const health = createHealth(() => performance.now());
  const metrics = createControllerMetrics();
  const server = serveHealth(options.port, health, metrics);
  log.info({ port: options.port }, 'controller started');
  // A pod's containers are restarted under the same host name.
  const identity = `${hostname()}_${randomUUID()}`;
  const lease = {
    name: options.lease,
    namespace: options.namespace,
    identity,
    log,
    onStandby: health.noteGood,
  };
  const leaseKube = createKube(config, { timeoutMs: LEASE_TIMING.renewDeadlineMs / 2 });
  await runAsLeader(leaseKube, lease, signal, async (leading) => {
    // No call of ours goes on when another one leads.
    const kube = createKube(config, { signal: leading });
    const feed = createFeed(config, { signal: leading });
    const onCaches = (caches: Caches) => metrics.watchDatabases(caches.databases.store.list);
    metrics.setLeading(true);
    await Promise.all([
      keepCertificates(kube, options, log, leading),
      manage({ ...options, identity }, { kube, feed, log, health, onCaches }, leading),
    ]);
    metrics.watchDatabases(() => []);
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
    copySecrets: (env.WALGUARD_COPY_SECRETS ?? '').split(',').filter(Boolean),
    port: Number(env.WALGUARD_PORT || 9090),
  };
}
