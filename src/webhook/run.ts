// `walguard webhook`: serves until the signal, then drains. Room: webhook (door).
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeObject } from '../api/kubernetes.ts';
import { createKube, type Kube, loadKubeConfig } from '../kube/client.ts';
import { requireVariable } from '../lib/environment.ts';
import { createLogger } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { readCertificate, reloadCertificate, type ServingCertificate } from './certificate-files.ts';
import { buildApp, createHttpsServer } from './server.ts';

const RELOAD_MS = 10_000;
const DRAIN_MS = 10_000;

export async function runWebhook(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  const log = createLogger('webhook');
  const metrics = createMetrics();
  const kube = createKube(loadKubeConfig());
  const directory = requireVariable(env, 'WALGUARD_TLS_DIR');
  const configuration = requireVariable(env, 'WALGUARD_WEBHOOK_CONFIGURATION');
  const image = requireVariable(env, 'WALGUARD_IMAGE');
  let certificate = await readCertificate(directory);
  let notReady: string | undefined = 'just started';

  const app = buildApp({ kube, log, metrics, image, notReady: () => (signal.aborted ? 'shutting down' : notReady) });
  const server = createHttpsServer(app, certificate);
  server.listen(Number(env.WALGUARD_PORT || 9443));
  await once(server, 'listening');
  log.info({ port: env.WALGUARD_PORT || 9443, expires: certificate.expiresAt }, 'listening');

  while (!signal.aborted) {
    try {
      certificate = await reloadCertificate(server, directory, certificate);
      metrics.setCertificateExpiry(certificate.expiresAt);
      notReady = await explainNotReady(kube, configuration, certificate);
    } catch (error) {
      // A replica that was ready stays so: the API server's trouble is no reason to take the webhook away too.
      if (notReady !== undefined) notReady = (error as Error).message;
      log.warn({ error: (error as Error).message }, 'could not check the certificate');
    }
    await sleep(notReady === undefined ? RELOAD_MS : 1000, undefined, { signal }).catch(() => undefined);
  }
  log.info('draining');
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  await Promise.race([closed, sleep(DRAIN_MS, undefined, { ref: false })]);
  server.closeAllConnections();
}

interface WebhookConfiguration extends KubeObject {
  webhooks?: { clientConfig?: { caBundle?: string } }[];
}

/** Ready only when the API server trusts this replica's CA for both configurations: until then its calls would fail. */
async function explainNotReady(
  kube: Kube,
  name: string,
  { ca, expiresAt }: ServingCertificate,
): Promise<string | undefined> {
  if (expiresAt.getTime() < Date.now()) return `the serving certificate ended at ${expiresAt.toISOString()}`;
  for (const kind of ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']) {
    const ref = { apiVersion: 'admissionregistration.k8s.io/v1', kind, metadata: { name } };
    const configuration = await kube.get<WebhookConfiguration>(ref);
    const isTrusted = configuration?.webhooks?.every(({ clientConfig }) =>
      Buffer.from(clientConfig?.caBundle ?? '', 'base64')
        .toString('utf8')
        .includes(ca.trim()),
    );
    if (!isTrusted) return `${kind}/${name} does not carry this replica's CA yet`;
  }
  return undefined;
}
