// An API server whose walguard is gone: the chart's own objects are there, but at the webhook's address nobody listens, or
// nobody answers.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import type { StatefulSet } from '../../src/api/kubernetes.ts';
import { type Cluster, down, up } from '../cluster/cluster.ts';
import { type ApiCalls, type CallAnswer, createApiCalls } from '../support/api-calls.ts';
import { helm, kubectl, waitFor } from '../support/cluster-client.ts';
import { SYSTEM_NAMESPACE } from '../support/install.ts';

const CHART = join(dirname(dirname(import.meta.dirname)), 'chart');
export const MODES = ['enforce', 'warn', 'audit', 'off'] as const;

/** More than any test has requests at once: none of them waits for another. */
const CONNECTIONS = 32;

export interface Stage {
  readonly cluster: Cluster;
  readonly api: ApiCalls;
  /** Of the API server, which serves as any CA would for a webhook that never shows a certificate. */
  readonly ca: string;
  readonly stop: () => Promise<void>;
}

/** A namespace for each mode, one that is misspelt, and none of walguard's objects yet. */
export async function startStage(): Promise<Stage> {
  const cluster = await up({ apiOnly: true });
  const api = createApiCalls(cluster.kubeconfig, CONNECTIONS);
  const labels = new Map<string, string>([
    ...MODES.map((mode) => [`mode-${mode}`, mode] as const),
    ['misspelt', 'enforec'],
  ]);
  for (const [name, mode] of labels) await createNamespace(api, name, mode);
  await createNamespace(api, SYSTEM_NAMESPACE);
  const { clusters } = JSON.parse(readFileSync(cluster.kubeconfig, 'utf8'));
  const ca = Buffer.from(clusters[0].cluster['certificate-authority-data'], 'base64').toString('utf8');
  const stop = async () => {
    api.close();
    await down({ apiOnly: true });
  };
  return { cluster, api, ca, stop };
}

export function createNamespace(api: ApiCalls, name: string, mode?: string): Promise<CallAnswer> {
  const labels = mode === undefined ? {} : { 'walguard.dev/mode': mode };
  return api.call('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
}

/** The chart's ValidatingAdmissionPolicies. */
export async function applyAdmissionPolicies(cluster: Cluster, defaultMode: string): Promise<void> {
  const set = ['--set', `defaultMode=${defaultMode}`, '-s', 'templates/admission-policy.yaml'];
  const rendered = await helm(cluster, ['template', 'walguard', CHART, '-n', SYSTEM_NAMESPACE, ...set]);
  await kubectl(cluster, ['apply', '-f', '-'], rendered);
}

export function statefulSets(namespace: string, name?: string): string {
  return `/apis/apps/v1/namespaces/${namespace}/statefulsets${name === undefined ? '' : `/${name}`}`;
}

/** Everything but the last step: admitted or refused as it would be, and not stored. */
export const DRY_RUN = '?dryRun=All&fieldValidation=Ignore';

export function tryCreate(api: ApiCalls, workload: StatefulSet): Promise<CallAnswer> {
  return api.call('POST', `${statefulSets(workload.metadata.namespace ?? 'default')}${DRY_RUN}`, workload);
}

/** Stores it, whatever the mode says: for objects that were there before. */
export async function store(api: ApiCalls, workload: StatefulSet): Promise<void> {
  const { status, text } = await api.call('POST', statefulSets(workload.metadata.namespace ?? 'default'), workload);
  if (status !== 201) throw new Error(text);
}

/** The API server takes up configurations and policies a moment after they are stored. */
export async function waitUntil(what: string, ask: () => Promise<boolean>): Promise<void> {
  await waitFor(what, ask, { timeoutMs: 30_000, everyMs: 100 });
}

export function messageOf({ text }: CallAnswer): string {
  return JSON.parse(text).message ?? '';
}

export interface BlackHole {
  readonly port: number;
  /** How many connections it has taken. */
  readonly count: () => number;
  readonly stop: () => Promise<void>;
}

/** Takes every connection and never says a word. */
export async function openBlackHole(): Promise<BlackHole> {
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer((socket) => {
    count++;
    sockets.add(socket.on('error', () => undefined));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const stop = async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  return { port, count: () => count, stop };
}
