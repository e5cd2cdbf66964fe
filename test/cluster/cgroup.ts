// Each node's pods live below a cgroup of their own, by which `down` finds whatever is left of them.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { killAll, startTimeOf } from './process.ts';

const mountPoint = '/sys/fs/cgroup';

function isUnified(): boolean {
  return existsSync(join(mountPoint, 'cgroup.controllers'));
}

/** The mount point itself in version 2; in version 1 one folder for each controller, and `unified`, where runc writes too. */
function hierarchies(): string[] {
  if (isUnified()) return [mountPoint];
  return readdirSync(mountPoint, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(mountPoint, entry.name));
}

export function createCgroup(name: string): void {
  for (const hierarchy of hierarchies()) {
    const path = join(hierarchy, name);
    mkdirSync(path, { recursive: true });
    // Version 1 starts a cpuset empty, and then no process may enter it.
    for (const file of ['cpuset.cpus', 'cpuset.mems']) copySetting(hierarchy, path, file);
  }
  if (isUnified()) for (const path of [mountPoint, join(mountPoint, name)]) delegateControllers(path);
}

function copySetting(from: string, to: string, file: string): void {
  if (isUnified() || !existsSync(join(from, file))) return;
  writeFileSync(join(to, file), readFileSync(join(from, file)));
}

function delegateControllers(path: string): void {
  const controllers = readFileSync(join(path, 'cgroup.controllers'), 'utf8').trim().split(' ').filter(Boolean);
  for (const controller of controllers) {
    try {
      writeFileSync(join(path, 'cgroup.subtree_control'), `+${controller}`);
    } catch {
      // Some cannot be delegated here; the kubelet names the one that it misses.
    }
  }
}

/** Kills whatever is in the cgroup and removes it; a cgroup that is not there is fine. */
export async function destroyCgroup(name: string): Promise<void> {
  const roots = hierarchies().map((hierarchy) => join(hierarchy, name));
  for (let attempt = 0; attempt < 50; attempt++) {
    const pids = new Set(roots.flatMap(listTree).flatMap(listProcesses));
    if (pids.size === 0) break;
    await killAll([...pids].map((pid) => ({ pid, startTime: startTimeOf(pid) })));
    await sleep(20); // a process that was being forked
  }
  for (const path of roots.flatMap(listTree)) await removeDir(path);
}

/** Deepest first. */
function listTree(path: string): string[] {
  if (!existsSync(path)) return [];
  const children = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...children.flatMap((entry) => listTree(join(path, entry.name))), path];
}

function listProcesses(path: string): number[] {
  return readFileSync(join(path, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
}

/** The kernel empties a cgroup a moment after its last process has ended. */
async function removeDir(path: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      rmdirSync(path);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return;
      if (code !== 'EBUSY' || attempt > 100) throw error;
    }
    await sleep(20);
  }
}
