// What a cluster with nodes needs from the machine itself, and how it gets there.
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { getuid } from 'node:process';
import { cacheDir } from './checkout.ts';
import type { Context } from './context.ts';
import { withLock } from './lock.ts';
import { run, withProgress } from './run.ts';

interface HostNeed {
  readonly command: string;
  readonly debianPackage: string;
  readonly gives: string;
}

const nodeNeeds: readonly HostNeed[] = [
  { command: 'ip', debianPackage: 'iproute2', gives: 'the nodes’ networks' },
  { command: 'sysctl', debianPackage: 'procps', gives: 'the nodes’ networks' },
  { command: 'iptables', debianPackage: 'iptables', gives: 'Service addresses' },
  { command: 'conntrack', debianPackage: 'conntrack', gives: 'Service addresses' },
  { command: 'containerd', debianPackage: 'containerd', gives: 'containers' },
  { command: 'runc', debianPackage: 'runc', gives: 'containers' },
  { command: '/usr/lib/cni/bridge', debianPackage: 'containernetworking-plugins', gives: 'pod networks' },
  { command: 'buildah', debianPackage: 'buildah', gives: 'images without a registry' },
  { command: 'debootstrap', debianPackage: 'debootstrap', gives: 'images without a registry' },
];

export function isInstalled(command: string, searchPath = process.env.PATH ?? ''): boolean {
  const candidates = command.startsWith('/')
    ? [command]
    : [...searchPath.split(delimiter), '/usr/sbin', '/sbin'].map((directory) => join(directory, command));
  return candidates.some(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export function requireCommand(command: string, why: string): void {
  if (!isInstalled(command)) throw new Error(`\`${command}\` is not in PATH: ${why}.`);
}

/** One sentence with everything that is missing, what it is for, and the way out. */
export function describeMissing(missing: readonly HostNeed[], remedy: string): string {
  const parts = missing.map(({ command, gives }) => `${command} (${gives})`);
  return `A cluster with nodes needs ${parts.join(', ')}, not found on this machine: ${remedy}.`;
}

export function requireRoot(uid = getuid?.() ?? -1): void {
  if (uid === 0) return;
  throw new Error(
    `A cluster with nodes makes network namespaces and containers and so needs root, and this is user ${uid}: ` +
      'run it as root, or take --api-only, which gives a real API server without pods.',
  );
}

export async function ensureNodePackages(context: Context): Promise<void> {
  const missing = nodeNeeds.filter(({ command }) => !isInstalled(command));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map(({ debianPackage }) => debianPackage))];
  if (!isInstalled('apt-get')) {
    throw new Error(describeMissing(missing, `install what your system calls ${packages.join(', ')}`));
  }
  await withLock(context, join(cacheDir(), 'apt.lock'), 'installing Debian packages', () =>
    withProgress(context, `installing ${packages.join(', ')}`, () => install(context, packages)),
  );
}

async function install(context: Context, packages: readonly string[]): Promise<void> {
  const logFile = join(cacheDir(), 'apt.log');
  const options = { logFile, env: { DEBIAN_FRONTEND: 'noninteractive' } };
  const patience = ['-o', 'DPkg::Lock::Timeout=300'];
  await run(context, 'apt-get', ['update', ...patience], options);
  await withoutStartingServices(() =>
    run(context, 'apt-get', ['install', '-y', '--no-install-recommends', ...patience, ...packages], options),
  );
}

/** We run a containerd of our own; the package's service would be a second one that nobody asked for. */
async function withoutStartingServices(work: () => Promise<unknown>): Promise<void> {
  const policy = '/usr/sbin/policy-rc.d';
  const isOurs = !existsSync(policy);
  if (isOurs) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await work();
  } finally {
    if (isOurs) rmSync(policy, { force: true });
  }
}
