// Images without a registry, under the names that users write: Debian by debootstrap, and on it what the tests and the
// product's Dockerfile are built FROM. All checkouts share one store. What a recipe made has a tag of the recipe's content,
// so a changed recipe is built anew, alone, and another checkout's version of it stays.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { arch } from 'node:os';
import { basename, join } from 'node:path';
import { useCached } from './cache.ts';
import { cacheDir, hashOf } from './checkout.ts';
import type { Context } from './context.ts';
import { dockerfileOf, gather, pauseRecipe, type Recipe, recipes } from './images/recipes.ts';
import { withLock } from './lock.ts';
import { pauseImage } from './node.ts';
import { run, withProgress } from './run.ts';

/** Counts up when what the store holds is to be forgotten: a recipe's `prepare` is code that no key tells apart. */
const storeFormat = 1;

/** A tar file that containerd can import. */
export interface ImageArchive {
  readonly image: string;
  /** Of the recipe and all that it is built on. */
  readonly key: string;
  readonly file: string;
}

export function imagesDir(): string {
  return join(cacheDir(), 'images', `${arch()}-${storeFormat}`);
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

export function archivePause(context: Context, pause: string): Promise<ImageArchive> {
  return archive(context, pauseImage, pauseRecipe(pause));
}

export function archiveImage(context: Context, image: string): Promise<ImageArchive> {
  return archive(context, image, recipeOf(image));
}

/** The images and what they are built on, in the store. */
export async function ensureImages(context: Context, images: readonly string[]): Promise<void> {
  await withImagesLock(context, async () => {
    for (const image of images) await ensure(context, image, recipeOf(image));
  });
}

export function recipeOf(image: string): Recipe {
  const recipe = recipes[image];
  if (!recipe) throw new Error(`no recipe for an image ${image}`);
  return recipe;
}

/** The same only for the same image made of the same things. */
export function keyOf(image: string, recipe: Recipe = recipeOf(image)): string {
  const { from, args = {}, files = [], npmPackage = '' } = recipe;
  const contents = files.flatMap((file) => [basename(file), readFileSync(file)]);
  const base = from ? keyOf(from) : '';
  return hashOf(image, readFileSync(dockerfileOf(recipe)), JSON.stringify(args), npmPackage, base, ...contents).slice(
    0,
    20,
  );
}

const builtReference = (key: string) => `localhost/walguard-recipe:${key}`;

function withImagesLock(context: Context, work: () => Promise<void>): Promise<void> {
  return withLock(context, `${imagesDir()}.lock`, 'building images', async () => {
    mkdirSync(imagesDir(), { recursive: true });
    useCached(imagesDir());
    await work();
  });
}

/** Under its lock: until it is given back, the public names are of this checkout's recipes. */
async function ensure(context: Context, image: string, recipe: Recipe): Promise<void> {
  if (recipe.from) await ensure(context, recipe.from, recipeOf(recipe.from));
  const built = builtReference(keyOf(image, recipe));
  if (!(await hasImage(context, built))) await build(context, image, recipe, built);
  await buildah(context, ['tag', built, image]);
}

async function build(context: Context, image: string, recipe: Recipe, built: string): Promise<void> {
  const directory = join(imagesDir(), 'work', fileNameOf(image));
  const logFile = logOf(fileNameOf(image));
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const args = Object.entries(recipe.args ?? {}).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  const options = ['--pull=never', '--layers', '--force-rm', ...args, '--tag', built];
  await withProgress(context, `building ${image}`, async () => {
    await gather(context, recipe, directory, logFile);
    await buildah(context, ['bud', ...options, '--file', dockerfileOf(recipe), directory], logFile);
  });
  rmSync(directory, { recursive: true, force: true });
}

/** All files of an image, in a directory that does not exist yet. */
export async function unpackImage(context: Context, image: string, directory: string): Promise<void> {
  await withImagesLock(context, async () => {
    await ensure(context, image, recipeOf(image));
    await withProgress(context, `unpacking ${image}`, () => copyOut(context, image, '.', directory));
  });
}

/** @param path of a file or directory of the image, relative to its root */
export async function copyOut(context: Context, image: string, path: string, to: string): Promise<void> {
  const container = (await buildah(context, ['from', '--pull=never', image])).trim();
  try {
    const root = (await buildah(context, ['mount', container])).trim();
    await run(context, 'cp', ['-a', join(root, path), to]);
  } finally {
    await buildah(context, ['rm', container]);
  }
}

function hasImage(context: Context, image: string): Promise<boolean> {
  return buildah(context, ['inspect', '--type', 'image', '--format', '{{.FromImageID}}', image]).then(
    () => true,
    () => false,
  );
}

/** Made once. */
async function archive(context: Context, image: string, recipe: Recipe): Promise<ImageArchive> {
  const key = keyOf(image, recipe);
  const directory = join(imagesDir(), 'archives', key);
  const file = join(directory, `${fileNameOf(image)}.tar`);
  if (!existsSync(file)) {
    await withImagesLock(context, () => ensure(context, image, recipe));
    mkdirSync(directory, { recursive: true });
    await exportImage(context, builtReference(key), image, `${file}.${process.pid}`);
    renameSync(`${file}.${process.pid}`, file);
  }
  useCached(directory);
  return { image, key, file };
}

export async function exportImage(context: Context, image: string, name: string, file: string): Promise<void> {
  rmSync(file, { force: true });
  await buildah(context, ['push', '--disable-compression', image, `oci-archive:${file}:${name}`], logOf('export'));
}

const fileNameOf = (image: string) => image.replace(/[^\w.-]+/g, '-');

export const logOf = (name: string) => join(imagesDir(), 'logs', `${name}.log`);
