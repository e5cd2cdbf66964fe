// The programs of this tier: the engines and the S3 server as the product's Dockerfile builds them, Postgres as the
// images of the cluster's tests have it. Copied out of those images once for each content, for all checkouts.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { arch } from 'node:os';
import { dirname, join } from 'node:path';
import { useCached } from '../../cluster/cache.ts';
import { cacheDir, hashOf, repositoryDir } from '../../cluster/checkout.ts';
import { buildContext, type Context } from '../../cluster/context.ts';
import { ensureNodePackages, requireRoot } from '../../cluster/host-packages.ts';
import { productBases } from '../../cluster/images/recipes.ts';
import { copyOut, keyOf, unpackImage } from '../../cluster/images.ts';
import { withLock } from '../../cluster/lock.ts';
import { buildStage } from '../../cluster/walguard-image.ts';

/** PostgreSQL majors that the tests' images have. */
export type Major = 14 | 15 | 16 | 17 | 18;

export interface Programs {
  /** Absolute paths of statically linked programs. */
  readonly walrus: string;
  readonly versitygw: string;
}

const context: Context = buildContext();

export function providePrograms(): Promise<Programs> {
  const dockerfile = readFileSync(join(repositoryDir, 'Dockerfile'));
  const key = hashOf(arch(), dockerfile, ...productBases.map((image) => keyOf(image))).slice(0, 12);
  return provide(join(cacheDir(), 'engine', 'programs', key), async (directory) => {
    mkdirSync(directory);
    for (const name of ['walrus', 'versitygw']) {
      const image = await buildStage(context, name);
      const path = name === 'walrus' ? 'out/bin/walrus' : 'out/versitygw';
      await copyOut(context, image, path, join(directory, name));
    }
  }).then((directory) => ({ walrus: join(directory, 'walrus'), versitygw: join(directory, 'versitygw') }));
}

/** The root directory of an image with the server's programs in /usr/lib/postgresql/<major>/bin; nobody writes to it. */
export function provideRoot(major: Major): Promise<string> {
  const image = `docker.io/library/postgres:${major}`;
  return provide(join(cacheDir(), 'engine', 'roots', keyOf(image)), (directory) =>
    unpackImage(context, image, directory),
  );
}

/** Made beside its place and renamed when complete. */
async function provide(directory: string, make: (unfinished: string) => Promise<void>): Promise<string> {
  if (!existsSync(directory)) {
    requireRoot();
    await ensureNodePackages(context);
    mkdirSync(dirname(directory), { recursive: true });
    await withLock(context, `${directory}.lock`, 'copying programs out of images', async () => {
      if (existsSync(directory)) return;
      const unfinished = `${directory}.unfinished`;
      rmSync(unfinished, { recursive: true, force: true });
      await make(unfinished);
      renameSync(unfinished, directory);
    });
  }
  useCached(directory);
  return directory;
}
