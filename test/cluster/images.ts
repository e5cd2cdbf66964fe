// Images without a registry, under the names that users write: Debian by debootstrap, and on it what the tests and the
// product's Dockerfile are built FROM. One store for one set of recipes; a changed recipe gets a store of its own.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { arch } from 'node:os';
import { join } from 'node:path';
import { useCached } from './cache.ts';
import { cacheDir, hashOf, sourceDir } from './checkout.ts';
import type { Context } from './context.ts';
import { withLock } from './lock.ts';
import { pauseImage } from './node.ts';
import { run, withProgress } from './run.ts';

export const postgresImage = 'docker.io/library/postgres:15';
export const debianImage = 'docker.io/library/debian:bookworm-slim';
export const nodeSlimImage = 'docker.io/library/node:24-bookworm-slim';
export const nodeImage = 'docker.io/library/node:24-bookworm';
export const golangImage = 'docker.io/library/golang:1.26-bookworm';
export const rustImage = 'docker.io/library/rust:1.95-bookworm';

const recipesDir = join(sourceDir, 'images');
const npmVersion = '11.21.2';

/** What goes into an image beside its recipe, put into the build's own directory. */
type Prepare = (context: Context, directory: string) => Promise<void>;

interface Recipe {
  readonly image: string;
  readonly from?: string;
  readonly prepare?: Prepare;
}

const recipes: Readonly<Record<string, Recipe>> = {
  debian: { image: debianImage, prepare: bootstrapDebian },
  postgres: { image: postgresImage, from: 'debian', prepare: copyEntrypoint },
  'node-slim': { image: nodeSlimImage, from: 'debian', prepare: copyNode },
  node: { image: nodeImage, from: 'node-slim', prepare: unpackNpm },
  golang: { image: golangImage, from: 'debian' },
  rust: { image: rustImage, from: 'debian' },
};

export function imagesDir(): string {
  const contents = readdirSync(recipesDir)
    .sort()
    .flatMap((file) => [file, readFileSync(join(recipesDir, file))]);
  return join(cacheDir(), 'images', hashOf(arch(), process.version, npmVersion, ...contents).slice(0, 12));
}

export function buildah(context: Context, args: readonly string[], logFile?: string): Promise<string> {
  const store = [
    '--root',
    join(imagesDir(), 'store'),
    '--runroot',
    join(imagesDir(), 'run'),
    '--storage-driver',
    'overlay',
  ];
  return run(context, 'buildah', [...store, ...args], {
    env: { BUILDAH_ISOLATION: 'chroot' },
    ...(logFile && { logFile }),
  });
}

export function archivePostgres(context: Context): Promise<string> {
  return archive(context, 'postgres', postgresImage, () => ensureImages(context, ['postgres']));
}

/** `pause` is the program of the container that every pod has. */
export function archivePause(context: Context, pause: string): Promise<string> {
  const prepare: Prepare = async (_, directory) => copyFileSync(pause, join(directory, 'pause'));
  return archive(context, 'pause', pauseImage, () =>
    withImagesLock(context, () => ensure(context, 'pause', { image: pauseImage, prepare })),
  );
}

/** The named images and what they are built on, in the store. */
export async function ensureImages(context: Context, names: readonly string[]): Promise<void> {
  await withImagesLock(context, async () => {
    for (const name of names) await ensureWithBase(context, name);
    useCached(imagesDir());
  });
}

async function ensureWithBase(context: Context, name: string): Promise<void> {
  const recipe = recipes[name];
  if (!recipe) throw new Error(`no recipe for an image ${name}`);
  if (recipe.from) await ensureWithBase(context, recipe.from);
  await ensure(context, name, recipe);
}

function withImagesLock<Result>(context: Context, work: () => Promise<Result>): Promise<Result> {
  return withLock(context, `${imagesDir()}.lock`, 'building images', work);
}

async function ensure(context: Context, name: string, { image, prepare }: Recipe): Promise<void> {
  if (await hasImage(context, image)) return;
  const directory = join(imagesDir(), 'work', name);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  await withProgress(context, `building ${image}`, async () => {
    await prepare?.(context, directory);
    const recipe = join(recipesDir, `${name}.Dockerfile`);
    await buildah(
      context,
      ['bud', '--pull=never', '--layers', '--force-rm', '--tag', image, '--file', recipe, directory],
      logOf(name),
    );
  });
  rmSync(directory, { recursive: true, force: true });
}

function hasImage(context: Context, image: string): Promise<boolean> {
  return buildah(context, ['inspect', '--type', 'image', '--format', '{{.FromImageID}}', image]).then(
    () => true,
    () => false,
  );
}

/** A tar file that containerd can import, made once. */
async function archive(context: Context, name: string, image: string, build: () => Promise<void>): Promise<string> {
  const file = join(imagesDir(), `${name}.tar`);
  if (existsSync(file)) return file;
  await build();
  await exportImage(context, image, image, `${file}.${process.pid}`);
  renameSync(`${file}.${process.pid}`, file);
  return file;
}

export async function exportImage(context: Context, image: string, name: string, file: string): Promise<void> {
  rmSync(file, { force: true });
  await buildah(context, ['push', '--disable-compression', image, `oci-archive:${file}:${name}`], logOf('export'));
}

export const logOf = (name: string) => join(imagesDir(), 'logs', `${name}.log`);

async function bootstrapDebian(context: Context, directory: string): Promise<void> {
  const root = join(directory, 'rootfs');
  // In a mount namespace of its own: what it mounts goes away with it, even when it is interrupted.
  const apart = ['--mount', '--propagation', 'private', '--'];
  const logFile = logOf('debootstrap');
  await run(context, 'unshare', [...apart, 'debootstrap', '--variant=minbase', 'bookworm', root], { logFile });
  for (const path of [
    'var/cache/apt/archives',
    'var/lib/apt/lists',
    'usr/share/doc',
    'usr/share/man',
    'usr/share/locale',
    'var/log',
  ]) {
    for (const entry of readdirSync(join(root, path))) rmSync(join(root, path, entry), { recursive: true });
  }
  // As the official image does: what apt downloads must not stay in every layer that installs something.
  copyFileSync(join(recipesDir, 'apt-clean.conf'), join(root, 'etc/apt/apt.conf.d/docker-clean'));
  copyFileSync(join(recipesDir, 'dpkg-slim.conf'), join(root, 'etc/dpkg/dpkg.cfg.d/docker-slim'));
  // A tar and not a folder: copied folders lose their owners.
  await run(context, 'tar', ['--numeric-owner', '-C', root, '-cf', join(directory, 'rootfs.tar'), '.']);
  rmSync(root, { recursive: true });
}

async function copyEntrypoint(_: Context, directory: string): Promise<void> {
  copyFileSync(join(recipesDir, 'docker-entrypoint.sh'), join(directory, 'docker-entrypoint.sh'));
}

/** The Node that runs this comes from the locked npm package and is what the official image has, too. */
async function copyNode(_: Context, directory: string): Promise<void> {
  copyFileSync(process.execPath, join(directory, 'node'));
}

async function unpackNpm(context: Context, directory: string): Promise<void> {
  const prefix = join(directory, 'prefix');
  const args = [
    'install',
    '--prefix',
    prefix,
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--no-save',
    `npm@${npmVersion}`,
  ];
  await run(context, 'npm', args, { logFile: logOf('npm') });
  renameSync(join(prefix, 'node_modules', 'npm'), join(directory, 'npm'));
}
