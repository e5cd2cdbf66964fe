// One node: a containerd, a kubelet and a kube-proxy inside the node's network namespace.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCgroup, destroyCgroup } from './cgroup.ts';
import type { Context } from './context.ts';
import { writeJson } from './control-plane.ts';
import { admin, kubeconfigOf } from './kubeconfig.ts';
import type { NodeNetwork } from './network.ts';
import { findByArgument, isAlive, killAll } from './process.ts';
import { lastLinesOf, run } from './run.ts';
import { type ClusterState, diedMessage, launch, logsDirOf, save, volumesDirOf } from './state.ts';
import type { Tools } from './tools.ts';

export const pauseImage = 'docker.io/library/pause:walguard';
export const containerdSocketOf = (state: ClusterState, node: string) => join(state.stateDir, node, 'containerd.sock');
const cgroupOf = (state: ClusterState, node: string) => `walguard-${state.id}-${node}`;

/** containerd comes first and alone: images can be loaded while the API server is still starting. */
export async function startContainerd(context: Context, state: ClusterState, node: NodeNetwork): Promise<void> {
  const directory = join(state.stateDir, node.name);
  mkdirSync(join(directory, 'cni'), { recursive: true });
  const socket = containerdSocketOf(state, node.name);
  if (socket.length > 90) throw new Error(`${socket} is too long for a unix socket (107 characters with its suffixes)`);
  writeJson(join(directory, 'cni', '10-pods.conflist'), buildPodNetwork(state, node));
  const config = join(directory, 'containerd.toml');
  writeFileSync(config, buildContainerdConfig(directory, socket));
  state.containerdSockets.push(socket);
  const daemon = await launch(state, `${node.name}-containerd`, 'containerd', ['--config', config], {
    networkNamespace: node.namespace,
  });
  for (let attempt = 0; !existsSync(socket) || !(await answers(context, socket)); attempt++) {
    if (!isAlive(daemon)) throw new Error(diedMessage(daemon));
    if (attempt > 150)
      throw new Error(`containerd did not answer on ${socket} in 30 s; ${lastLinesOf(daemon.logFile)}`);
    await sleep(200, undefined, { signal: context.signal });
  }
}

function answers(context: Context, socket: string): Promise<boolean> {
  return run(context, 'ctr', ['--address', socket, 'version']).then(
    () => true,
    () => false,
  );
}

function buildContainerdConfig(directory: string, socket: string): string {
  return `version = 2
root = "${directory}/containerd"
state = "${directory}/containerd-run"
disabled_plugins = [
  "io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
]
[grpc]
address = "${socket}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${pauseImage}"
# Without CAP_SYS_RESOURCE, as in many virtual machines, no process may lower its score, and every sandbox would fail.
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "${directory}/cni"
`;
}

function buildPodNetwork(state: ClusterState, { name, podCidr }: NodeNetwork): object {
  return {
    cniVersion: '1.0.0',
    name: `walguard-${state.id}-${name}`,
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isDefaultGateway: true,
        // A pod that calls its own Service.
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          ranges: [[{ subnet: podCidr }]],
          dataDir: join(state.stateDir, name, 'cni-addresses'),
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
}

export async function startNode(
  state: ClusterState,
  tools: Tools,
  node: NodeNetwork,
  dnsAddress: string,
): Promise<void> {
  const directory = join(state.stateDir, node.name);
  state.cgroups.push(cgroupOf(state, node.name));
  rememberKernelSettings(state);
  createCgroup(cgroupOf(state, node.name));
  const config = writeJson(join(directory, 'kubelet.json'), buildKubeletConfig(state, node, directory, dnsAddress));
  const kubeletArguments = [
    `--config=${config}`,
    `--kubeconfig=${kubeconfigOf(state.stateDir, node.name)}`,
    `--root-dir=${join(directory, 'kubelet')}`,
    `--cert-dir=${join(directory, 'kubelet-pki')}`,
    `--hostname-override=${node.name}`,
    `--node-ip=${node.address}`,
  ];
  const proxyArguments = [
    `--kubeconfig=${kubeconfigOf(state.stateDir, 'proxy')}`,
    `--hostname-override=${node.name}`,
    '--proxy-mode=iptables',
    `--cluster-cidr=${node.podCidr}`,
    '--conntrack-max-per-core=0',
    '--conntrack-min=0',
  ];
  const inNode = { networkNamespace: node.namespace };
  await launch(state, `${node.name}-kubelet`, tools.kubelet, kubeletArguments, inNode);
  await launch(state, `${node.name}-kube-proxy`, tools['kube-proxy'], proxyArguments, inNode);
}

function buildKubeletConfig(state: ClusterState, node: NodeNetwork, directory: string, dnsAddress: string): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    containerRuntimeEndpoint: `unix://${containerdSocketOf(state, node.name)}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroupOf(state, node.name)}`,
    failSwapOn: false,
    enforceNodeAllocatable: [],
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(state.stateDir, 'pki', 'ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    clusterDomain: 'cluster.local',
    clusterDNS: [dnsAddress],
    // The machine's search domains have no business in a pod.
    resolvConf: '',
    podLogsDir: join(directory, 'pod-logs'),
    volumePluginDir: join(directory, 'volume-plugins'),
    // A nearly full disk must not make it delete images that no registry can give back.
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
    nodeStatusUpdateFrequency: '5s',
    logging: { verbosity: 1 },
  };
}

/** As when its power fails and its disk with it: nobody says goodbye, and to the API server it has just gone silent. */
export async function breakNode(state: ClusterState, node: string): Promise<void> {
  await killAll(state.daemons.filter(({ name }) => name.startsWith(`${node}-`)));
  await killAll(findByArgument(containerdSocketOf(state, node)));
  await destroyCgroup(cgroupOf(state, node));
  rmSync(join(volumesDirOf(state), node), { recursive: true, force: true });
}

/** A kubelet sets these for good, whatever they were. */
const kernelSettings = ['vm/overcommit_memory', 'vm/panic_on_oom', 'kernel/panic', 'kernel/panic_on_oops'];

function rememberKernelSettings(state: ClusterState): void {
  for (const name of kernelSettings) {
    state.kernelSettings[name] ??= readFileSync(`/proc/sys/${name}`, 'utf8').trim();
  }
  save(state);
}

/** Right after the kubelets' start, so that a second cluster does not take our kernel settings for the machine's. */
export function restoreKernelSettings(state: ClusterState): void {
  for (const [name, value] of Object.entries(state.kernelSettings)) writeFileSync(`/proc/sys/${name}`, value);
  state.kernelSettings = {};
  save(state);
}

export async function waitForNodes(context: Context, state: ClusterState, tools: Tools): Promise<void> {
  const args = ['--kubeconfig', kubeconfigOf(state.stateDir, admin.id), 'get', 'nodes', '-o', 'json'];
  const deadline = Date.now() + 120_000;
  while (Date.now() < deadline) {
    const dead = state.daemons.find((daemon) => !isAlive(daemon));
    if (dead) throw new Error(diedMessage(dead));
    const { items }: { items: NodeStatus[] } = JSON.parse(await run(context, tools.kubectl, args));
    if (items.filter(isReady).length === state.nodes.length) return;
    await sleep(300, undefined, { signal: context.signal });
  }
  const log = join(logsDirOf(state), `${state.nodes[0]}-kubelet.log`);
  throw new Error(`not all of ${state.nodes.join(', ')} were Ready after 120 s; ${lastLinesOf(log)}`);
}

interface NodeStatus {
  readonly status: { readonly conditions?: readonly { type: string; status: string }[] };
}

function isReady({ status }: NodeStatus): boolean {
  return (status.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True');
}
