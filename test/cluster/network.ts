// The nodes' network, touching the host as little as can be: each node is a network namespace, and so is the switch that
// joins them, because bridged frames in the host's own namespace would pass the host's firewall (a Docker host drops
// them). The host gets one interface, one address and one route for each node's pods; it has no rules of ours.
//
//   host 172.31.N.1 ── switch ──┬── node-1 172.31.N.11, pods 172.30.N.0/25
//                               └── node-2 172.31.N.12, pods 172.30.N.128/25
import { existsSync } from 'node:fs';
import { cacheDir } from './checkout.ts';
import type { Context } from './context.ts';
import { withLock } from './lock.ts';
import { run } from './run.ts';
import { type ClusterState, save } from './state.ts';

export interface NodeNetwork {
  readonly name: string;
  readonly namespace: string;
  readonly address: string;
  readonly podCidr: string;
}

export interface NetworkPlan {
  readonly hostAddress: string;
  readonly hostLink: string;
  readonly switchNamespace: string;
  readonly nodes: readonly NodeNetwork[];
}

export function planNetwork(id: string, subnet: number, nodeCount: number): NetworkPlan {
  return {
    hostAddress: `172.31.${subnet}.1`,
    hostLink: `wlg-${id}`,
    switchNamespace: `walguard-${id}-switch`,
    nodes: Array.from({ length: nodeCount }, (_, index) => ({
      name: `node-${index + 1}`,
      namespace: `walguard-${id}-node-${index + 1}`,
      address: `172.31.${subnet}.${11 + index}`,
      podCidr: `172.30.${subnet}.${128 * index}/25`,
    })),
  };
}

/**
 * The first N from `preferred` on whose 172.31.N.0/24 and 172.30.N.0/24 meet nothing that the machine routes. Where one
 * big route takes them all, say a VPN's 172.16.0.0/12, it gives up two of its /24s.
 */
export function chooseSubnet(preferred: number, usedCidrs: readonly string[]): number {
  const isFree = (subnet: number, used: readonly string[]) =>
    ![`172.31.${subnet}.0/24`, `172.30.${subnet}.0/24`].some((wanted) => used.some((cidr) => overlaps(wanted, cidr)));
  const candidates = Array.from({ length: 256 }, (_, offset) => (preferred + offset) % 256);
  const small = usedCidrs.filter((cidr) => parseCidr(cidr).length > 16);
  const found =
    candidates.find((subnet) => isFree(subnet, usedCidrs)) ?? candidates.find((subnet) => isFree(subnet, small));
  if (found === undefined)
    throw new Error('this machine routes every /24 of 172.30.0.0/15 already: no room for a cluster');
  return found;
}

export function overlaps(left: string, right: string): boolean {
  const [a, b] = [parseCidr(left), parseCidr(right)];
  const shift = 32 - Math.min(a.length, b.length);
  return shift === 32 || a.address >>> shift === b.address >>> shift;
}

function parseCidr(cidr: string): { address: number; length: number } {
  const [host = '', length = '32'] = cidr.split('/');
  const address = host.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  return { address, length: Number(length) };
}

/** Chooses and makes the network in one go, so that two clusters that start together do not choose the same one. */
export async function createNetwork(context: Context, state: ClusterState, nodeCount: number): Promise<NetworkPlan> {
  return withLock(context, `${cacheDir()}/network.lock`, 'making a network', async () => {
    const preferred = Number.parseInt(state.id, 16) % 256;
    const plan = planNetwork(state.id, chooseSubnet(preferred, await listUsedCidrs(context)), nodeCount);
    state.networkNamespaces = [plan.switchNamespace, ...plan.nodes.map(({ namespace }) => namespace)];
    state.links = [plan.hostLink];
    save(state);
    await loadBridgeFilter(context);
    for (const [command = '', ...args] of buildNetworkCommands(plan)) await run(context, command, args);
    return plan;
  });
}

/** Built in, loadable, or missing; in the last case only Service addresses between pods of one node suffer. */
async function loadBridgeFilter(context: Context): Promise<void> {
  if (!existsSync('/proc/sys/net/bridge')) await run(context, 'modprobe', ['br_netfilter']).catch(() => {});
}

/** Routes through a gateway count too, or a VPN's network would vanish behind ours; only the default route does not. */
async function listUsedCidrs(context: Context): Promise<string[]> {
  const routes: { dst: string }[] = JSON.parse(
    await run(context, 'ip', ['-4', '-json', 'route', 'show', 'table', 'all']),
  );
  return routes.map(({ dst }) => dst).filter((dst) => /^\d+\.\d+\.\d+\.\d+(\/\d+)?$/.test(dst));
}

export function buildNetworkCommands(plan: NetworkPlan): string[][] {
  const commands: string[][] = [];
  const ip = (line: string) => commands.push(['ip', ...line.split(' ')]);
  const sysctl = (namespace: string, ...settings: string[]) =>
    // -e: a kernel without the bridge filter has no such setting, and no such problem.
    commands.push(['ip', 'netns', 'exec', namespace, 'sysctl', '-eqw', ...settings]);
  const { switchNamespace: sw, hostLink, hostAddress } = plan;

  ip(`netns add ${sw}`);
  ip(`-n ${sw} link add br0 type bridge`);
  ip(`-n ${sw} link set br0 up`);
  sysctl(sw, 'net.bridge.bridge-nf-call-iptables=0');
  const plugIn = (port: string) => {
    ip(`-n ${sw} link set ${port} master br0`);
    ip(`-n ${sw} link set ${port} up`);
  };

  ip(`link add ${hostLink} type veth peer name host netns ${sw}`);
  plugIn('host');
  ip(`address add ${hostAddress}/24 dev ${hostLink}`);
  ip(`link set ${hostLink} up`);

  for (const { name, namespace, address, podCidr } of plan.nodes) {
    ip(`netns add ${namespace}`);
    // Bridged pods of one node must pass the rules, or the answer from a Service address comes from a stranger.
    sysctl(namespace, 'net.ipv4.ip_forward=1', 'net.bridge.bridge-nf-call-iptables=1');
    ip(`-n ${namespace} link set lo up`);
    ip(`link add eth0 netns ${namespace} type veth peer name ${name} netns ${sw}`);
    plugIn(name);
    ip(`-n ${namespace} address add ${address}/24 dev eth0`);
    ip(`-n ${namespace} link set eth0 up`);
    ip(`-n ${namespace} route add default via ${hostAddress}`);
    ip(`route add ${podCidr} via ${address} dev ${hostLink}`);
    for (const other of plan.nodes.filter((node) => node.name !== name)) {
      ip(`-n ${namespace} route add ${other.podCidr} via ${other.address}`);
    }
  }
  return commands;
}
