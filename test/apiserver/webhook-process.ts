// The real webhook program as a child process, called by a real API server through https on loopback.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { generate } from 'selfsigned';
import { parseAllDocuments } from 'yaml';
import type { Cluster } from '../cluster/cluster.ts';
import { helm, kubectl, type Live, waitFor } from '../support/cluster-client.ts';
import { SYSTEM_NAMESPACE } from '../support/install.ts';

const root = dirname(dirname(import.meta.dirname));

export interface Certificates {
  readonly directory: string;
  readonly ca: string;
}

/** A CA and a leaf for 127.0.0.1, laid out as the mounted Secret is. */
export async function mintCertificates(): Promise<Certificates> {
  const ec = { keyType: 'ec', algorithm: 'sha256' } as const;
  const ca = await generate([{ name: 'commonName', value: 'test CA' }], {
    ...ec,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  const leaf = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    ...ec,
    ca: { key: ca.private, cert: ca.cert },
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  });
  const directory = mkdtempSync(join(tmpdir(), 'walguard-tls-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  for (const [name, text] of [
    ['ca.crt', ca.cert],
    ['tls.crt', leaf.cert],
    ['tls.key', leaf.private],
  ] as const) {
    writeFileSync(join(directory, name), text);
  }
  return { directory, ca: ca.cert };
}

export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** The chart's own webhook configurations, with only the way to the server changed from a Service to a URL. */
export async function applyConfigurations(cluster: Cluster, port: number, ca: string): Promise<void> {
  const rendered = await helm(cluster, [
    'template',
    'walguard',
    join(root, 'chart'),
    '-n',
    SYSTEM_NAMESPACE,
    '-s',
    'templates/webhook-configurations.yaml',
  ]);
  const documents = parseAllDocuments(rendered)
    .map((document) => document.toJS() as Live)
    .filter(Boolean);
  for (const { webhooks } of documents) {
    for (const webhook of webhooks) {
      const url = `https://127.0.0.1:${port}${webhook.clientConfig.service.path}`;
      webhook.clientConfig = { url, caBundle: Buffer.from(ca).toString('base64') };
    }
  }
  await kubectl(cluster, ['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: documents }));
}

export interface WebhookProcess {
  readonly stop: () => Promise<void>;
}

/** @param image what this walguard would inject: another one stands for another version */
export async function startWebhook(
  cluster: Cluster,
  port: number,
  certificates: Certificates,
  image: string,
): Promise<WebhookProcess> {
  const child = spawn(process.execPath, [join(root, 'src', 'main.ts'), 'webhook'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      LOG_LEVEL: 'warn',
      KUBECONFIG: cluster.kubeconfig,
      WALGUARD_PORT: String(port),
      WALGUARD_TLS_DIR: certificates.directory,
      WALGUARD_WEBHOOK_CONFIGURATION: 'walguard',
      WALGUARD_IMAGE: image,
    },
  });
  await waitFor('the webhook to be ready', () => isReady(port, certificates.ca, child), {
    timeoutMs: 30_000,
    everyMs: 100,
  });
  return { stop: () => stop(child) };
}

function isReady(port: number, ca: string, child: ChildProcess): Promise<boolean> {
  if (child.exitCode !== null) throw new Error(`the webhook ended with code ${child.exitCode}`);
  return new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, path: '/readyz', ca, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.on('error', () => resolve(false)).end();
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
