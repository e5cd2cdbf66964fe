// etcd, the API server and its controllers, as processes of this machine on one address.
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { auditArguments, auditPolicy } from './audit.ts';
import { type Certificates, writeCertificates } from './certificates.ts';
import type { Context } from './context.ts';
import { admin, kubeconfigOf, writeUsers } from './kubeconfig.ts';
import { isAlive } from './process.ts';
import { lastLinesOf, run } from './run.ts';
import { auditLogOf, type ClusterState, type DaemonRecord, diedMessage, launch, logsDirOf, save } from './state.ts';
import type { Tools } from './tools.ts';

export const serviceCidr = '10.96.0.0/16';
const firstServiceAddress = '10.96.0.1';

export interface Endpoints {
  /** Where everything listens: the bridge's address, or loopback when there are no nodes. */
  readonly address: string;
  readonly apiPort: number;
  readonly etcdPort: number;
  readonly etcdPeerPort: number;
  readonly controllerPort: number;
  readonly schedulerPort: number;
}

/** An address that is the cluster's own needs no search for free ports. */
export function endpointsOn(address: string): Endpoints {
  return { address, apiPort: 6443, etcdPort: 2379, etcdPeerPort: 2380, controllerPort: 10257, schedulerPort: 10259 };
}

export async function freeEndpoints(address: string): Promise<Endpoints> {
  const servers = await Promise.all(Array.from({ length: 5 }, () => listenAnywhere(address)));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  const [apiPort = 0, etcdPort = 0, etcdPeerPort = 0, controllerPort = 0, schedulerPort = 0] = ports;
  return { address, apiPort, etcdPort, etcdPeerPort, controllerPort, schedulerPort };
}

function listenAnywhere(address: string) {
  return new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
    const server = createServer();
    server.once('error', reject).listen(0, address, () => resolve(server));
  });
}

export async function startControlPlane(
  context: Context,
  state: ClusterState,
  tools: Tools,
  endpoints: Endpoints,
  nodes: readonly string[],
): Promise<void> {
  const { address, apiPort } = endpoints;
  state.apiServer = `https://${address}:${apiPort}`;
  save(state);
  const certificates = await writeCertificates(join(state.stateDir, 'pki'), [
    '127.0.0.1',
    address,
    firstServiceAddress,
  ]);
  const tokenFile = writeUsers(state.stateDir, state.apiServer, certificates.authority, nodes);
  const etcd = await launch(state, 'etcd', tools.etcd, etcdArguments(state, endpoints, certificates));
  const apiServer = await launch(state, 'kube-apiserver', tools['kube-apiserver'], [
    ...apiServerArguments(endpoints, certificates, tokenFile),
    ...auditArguments(writeJson(join(state.stateDir, 'audit-policy.json'), auditPolicy), auditLogOf(state)),
    ...(state.kind === 'full' ? nodeArguments(certificates) : ['--endpoint-reconciler-type=none']),
  ]);
  const controllers = await launch(
    state,
    'kube-controller-manager',
    tools['kube-controller-manager'],
    controllerArguments(state, endpoints, certificates),
  );
  await waitForApi(context, state, tools, [etcd, apiServer, controllers]);
}

export async function startScheduler(
  _: Context,
  state: ClusterState,
  tools: Tools,
  endpoints: Endpoints,
): Promise<void> {
  await launch(state, 'kube-scheduler', tools['kube-scheduler'], [
    `--kubeconfig=${kubeconfigOf(state.stateDir, 'scheduler')}`,
    ...componentArguments(endpoints.address, endpoints.schedulerPort),
  ]);
}

function etcdArguments(state: ClusterState, endpoints: Endpoints, { etcd, authority }: Certificates): string[] {
  const client = `https://${endpoints.address}:${endpoints.etcdPort}`;
  const peer = `https://${endpoints.address}:${endpoints.etcdPeerPort}`;
  return [
    '--name=default',
    `--data-dir=${join(state.stateDir, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    ...['', 'peer-'].flatMap((side) => [
      `--${side}cert-file=${etcd.cert}`,
      `--${side}key-file=${etcd.key}`,
      `--${side}trusted-ca-file=${authority}`,
      `--${side}client-cert-auth=true`,
    ]),
    // Nothing here has to survive a power cut.
    '--unsafe-no-fsync=true',
    '--log-level=warn',
  ];
}

function apiServerArguments(endpoints: Endpoints, certificates: Certificates, tokenFile: string): string[] {
  const { server, etcd, authority, serviceAccountKey } = certificates;
  return [
    `--bind-address=${endpoints.address}`,
    `--advertise-address=${endpoints.address}`,
    `--secure-port=${endpoints.apiPort}`,
    `--tls-cert-file=${server.cert}`,
    `--tls-private-key-file=${server.key}`,
    `--etcd-servers=https://${endpoints.address}:${endpoints.etcdPort}`,
    `--etcd-cafile=${authority}`,
    `--etcd-certfile=${etcd.cert}`,
    `--etcd-keyfile=${etcd.key}`,
    `--service-cluster-ip-range=${serviceCidr}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${serviceAccountKey}`,
    `--service-account-signing-key-file=${serviceAccountKey}`,
    `--token-auth-file=${tokenFile}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged=true',
    '--profiling=false',
  ];
}

function nodeArguments({ kubeletClient, authority }: Certificates): string[] {
  return [
    `--client-ca-file=${authority}`,
    `--kubelet-client-certificate=${kubeletClient.cert}`,
    `--kubelet-client-key=${kubeletClient.key}`,
    // The nodes' names resolve nowhere.
    '--kubelet-preferred-address-types=InternalIP',
    // Service addresses exist inside the nodes only, so webhooks are called at their pods' addresses.
    '--enable-aggregator-routing=true',
  ];
}

function controllerArguments(state: ClusterState, endpoints: Endpoints, certificates: Certificates): string[] {
  return [
    // As on real clusters each controller is a user of its own, which takes four seconds more; tests that only need an API
    // server start many, and have them all be admins.
    `--kubeconfig=${kubeconfigOf(state.stateDir, state.kind === 'full' ? 'controller-manager' : admin.id)}`,
    `--use-service-account-credentials=${state.kind === 'full'}`,
    `--service-account-private-key-file=${certificates.serviceAccountKey}`,
    `--root-ca-file=${certificates.authority}`,
    '--allocate-node-cidrs=false',
    `--flex-volume-plugin-dir=${join(state.stateDir, 'volume-plugins')}`,
    ...componentArguments(endpoints.address, endpoints.controllerPort),
  ];
}

function componentArguments(address: string, port: number): string[] {
  return [`--bind-address=${address}`, `--secure-port=${port}`, '--leader-elect=false', '--profiling=false'];
}

/** Ready means that a pod could be created: the default service account is what a new namespace gets last. */
async function waitForApi(
  context: Context,
  state: ClusterState,
  tools: Tools,
  daemons: readonly DaemonRecord[],
): Promise<void> {
  const kubeconfig = kubeconfigOf(state.stateDir, admin.id);
  const deadline = Date.now() + 90_000;
  let seen = '';
  while (Date.now() < deadline) {
    const dead = daemons.find((daemon) => !isAlive(daemon));
    if (dead) throw new Error(diedMessage(dead));
    try {
      await run(context, tools.kubectl, ['--kubeconfig', kubeconfig, 'get', '--raw', '/readyz']);
      await run(context, tools.kubectl, ['--kubeconfig', kubeconfig, 'get', 'serviceaccount', 'default']);
      return;
    } catch (error) {
      context.signal.throwIfAborted();
      seen = (error as Error).message;
    }
    await sleep(200, undefined, { signal: context.signal });
  }
  const logFile = join(logsDirOf(state), 'kube-apiserver.log');
  throw new Error(`the API server was not ready after 90 s: ${seen}\n${lastLinesOf(logFile)}`);
}

/** Applies objects as one list. */
export async function applyObjects(
  context: Context,
  state: ClusterState,
  tools: Tools,
  objects: readonly object[],
): Promise<void> {
  const list = { apiVersion: 'v1', kind: 'List', items: objects };
  await run(
    context,
    tools.kubectl,
    ['--kubeconfig', kubeconfigOf(state.stateDir, admin.id), 'apply', '--server-side', '-f', '-'],
    { input: JSON.stringify(list) },
  );
}

export function writeJson(path: string, value: unknown): string {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  return path;
}
