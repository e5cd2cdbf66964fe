// Kubernetes, etcd, CoreDNS and helm from Go modules, linked once for every checkout with the same sources.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { arch } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { useCached } from './cache.ts';
import { cacheDir, hashOf, sourceDir } from './checkout.ts';
import type { Context } from './context.ts';
import { requireCommand } from './host-packages.ts';
import { withLock } from './lock.ts';
import { run, withProgress } from './run.ts';

const kubernetesParts = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kube-proxy',
  'kubelet',
  'kubectl',
  'volume-provisioner',
] as const;
const toolNames = [...kubernetesParts, 'coredns', 'helm', 'pause'] as const;

export type ToolName = (typeof toolNames)[number];
export type Tools = Readonly<Record<ToolName, string>>;

const goDir = join(sourceDir, 'go');
const helmLibrary = 'helm.sh/helm/v4';

export async function buildTools(context: Context): Promise<Tools> {
  const directory = join(cacheDir(), 'tools', toolsKey());
  if (!existsSync(directory)) {
    requireCommand('go', 'Go builds Kubernetes from its modules here; install Go 1.26 or later');
    await withLock(context, `${directory}.lock`, 'building Kubernetes', async () => {
      if (!existsSync(directory)) await link(context, directory);
    });
  }
  useCached(directory);
  return toolsIn(directory);
}

/** The binaries of `folder`, by the convention that controller tests use, and our own for those it lacks. */
export async function preferAssets(context: Context, folder = process.env.KUBEBUILDER_ASSETS): Promise<Tools> {
  const provided = Object.fromEntries(
    toolNames
      .filter((name) => folder && existsSync(join(folder, name)))
      .map((name) => [name, join(folder ?? '', name)]),
  );
  const isComplete = (['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl', 'helm'] as const).every(
    (name) => provided[name],
  );
  return { ...(isComplete ? {} : await buildTools(context)), ...provided } as Tools;
}

function toolsIn(directory: string): Tools {
  return Object.fromEntries(toolNames.map((name) => [name, join(directory, name)])) as Tools;
}

/** Linked beside its place and renamed when complete, so an interrupted build is never taken for a finished one. */
async function link(context: Context, directory: string): Promise<void> {
  const unfinished = `${directory}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  const logFile = join(dirname(directory), 'build.log');
  const packages = ['./kube', './coredns', './pause', `${helmLibrary}/cmd/helm`];
  const args = [
    'build',
    '-trimpath',
    '-buildvcs=false',
    '-ldflags',
    linkerFlags(),
    '-o',
    `${unfinished}/`,
    ...packages,
  ];
  await withProgress(context, 'building Kubernetes from Go modules (about 5 minutes, once)', () =>
    run(context, 'go', args, {
      cwd: goDir,
      env: { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOWORK: 'off' },
      logFile,
    }),
  );
  for (const name of kubernetesParts) symlinkSync('kube', join(unfinished, name));
  renameSync(unfinished, directory);
}

/** Both programs show, and helm's charts compare, the Kubernetes version that only their makefiles would set. */
function linkerFlags(): string {
  const version = kubernetesVersion();
  const [major = '', minor = ''] = version.replace(/^v/, '').split('.');
  const values = {
    'k8s.io/component-base/version.gitVersion': version,
    'k8s.io/component-base/version.gitMajor': major,
    'k8s.io/component-base/version.gitMinor': minor,
    [`${helmLibrary}/pkg/chart/common.k8sVersionMajor`]: major,
    [`${helmLibrary}/pkg/chart/common.k8sVersionMinor`]: minor,
    [`${helmLibrary}/internal/version.kubeClientVersionMajor`]: major,
    [`${helmLibrary}/internal/version.kubeClientVersionMinor`]: minor,
  };
  return ['-s -w', ...Object.entries(values).map(([name, value]) => `-X ${name}=${value}`)].join(' ');
}

export function kubernetesVersion(goMod: string = readFileSync(join(goDir, 'go.mod'), 'utf8')): string {
  const version = /^\s*k8s\.io\/kubernetes (v\S+)/m.exec(goMod)?.[1];
  if (!version) throw new Error(`${goDir}/go.mod requires no k8s.io/kubernetes`);
  return version;
}

function toolsKey(): string {
  const files = readdirSync(goDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const contents = files.flatMap((file) => [relative(goDir, file), readFileSync(file)]);
  return hashOf(arch(), linkerFlags(), ...contents).slice(0, 12);
}
