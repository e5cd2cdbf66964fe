// Ends and removes exactly what a state file names. Every step is fine with having been done before, so it serves after
// a complete `up`, a half one, a crash and a reboot alike.
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { destroyCgroup } from './cgroup.ts';
import type { Context } from './context.ts';
import { restoreKernelSettings } from './node.ts';
import { findByArgument, killAll } from './process.ts';
import { run } from './run.ts';
import type { ClusterState } from './state.ts';

export async function destroy(context: Context, state: ClusterState): Promise<void> {
  // Daemons first, or they would start again what is ended next.
  await killAll(state.daemons);
  await killAll(state.containerdSockets.flatMap(findByArgument));
  for (const cgroup of state.cgroups) await destroyCgroup(cgroup);
  restoreKernelSettings(state);
  await unmountBelow(context, state.stateDir);
  await removeNetwork(context, state);
  removeTraces(state);
  rmSync(state.stateDir, { recursive: true, force: true });
}

async function removeNetwork(context: Context, state: ClusterState): Promise<void> {
  for (const link of state.links.filter((name) => existsSync(`/sys/class/net/${name}`))) {
    await run(context, 'ip', ['link', 'delete', link]);
  }
  for (const namespace of state.networkNamespaces.filter((name) => existsSync(`/run/netns/${name}`))) {
    await run(context, 'ip', ['netns', 'delete', namespace]);
  }
}

/** Deepest first; mountinfo writes a space as \040, which a state directory never has. */
async function unmountBelow(context: Context, directory: string): Promise<void> {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(`${directory}/`))
    .reverse();
  for (const path of mounts) await run(context, 'umount', ['--lazy', path]);
}

/** The few places outside our directory whose paths are fixed inside the kubelet and the CNI library. */
function removeTraces(state: ClusterState): void {
  for (const name of listDir('/var/lib/cni/results').filter((file) => file.startsWith(`walguard-${state.id}-`))) {
    rmSync(join('/var/lib/cni/results', name), { force: true });
  }
  for (const name of listDir('/var/log/containers')) {
    const path = join('/var/log/containers', name);
    if (lstatSync(path).isSymbolicLink() && readlinkSync(path).startsWith(`${state.stateDir}/`)) rmSync(path);
  }
}

function listDir(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : [];
}
