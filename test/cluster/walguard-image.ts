// The product's own image, from its own Dockerfile, built with what the machine has already downloaded.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { repositoryDir } from './checkout.ts';
import type { Context } from './context.ts';
import { requireCommand } from './host-packages.ts';
import { productBases } from './images/recipes.ts';
import { buildah, ensureImages, exportImage, imagesDir, logOf } from './images.ts';
import { importImage, nodesWithoutImage } from './load-image.ts';
import { withLock } from './lock.ts';
import { run, withProgress } from './run.ts';
import type { ClusterState } from './state.ts';

/** WAL-G's releases are not in a package registry; its Rust port is, and speaks the same formats and protocol. */
const engine = 'walrus';

export async function buildAndLoad(context: Context, state: ClusterState, nodes: readonly string[]): Promise<string> {
  const image = await build(context);
  const missing = await nodesWithoutImage(context, state, nodes, image);
  if (missing.length === 0) return image;
  const archive = join(state.stateDir, 'walguard.tar');
  await exportImage(context, image, image, archive);
  await importImage(context, state, missing, archive);
  rmSync(archive);
  return image;
}

/** The tag is the content's, so a pod with an older build is seen to be one, and an unchanged build restarts nothing. */
async function build(context: Context): Promise<string> {
  const id = await buildStage(context);
  const image = `localhost/walguard:${id.slice(0, 12)}`;
  await buildah(context, ['tag', id, image]);
  return image;
}

/** @param stage of the Dockerfile, and what it needs; without one all. Returns the id of what was built. */
export async function buildStage(context: Context, stage?: string): Promise<string> {
  requireCommand('go', 'Go builds the S3 server that the image contains; install Go 1.26 or later');
  requireCommand('cargo', `cargo builds the archiving engine (${engine}); install Rust 1.90 or later`);
  await ensureImages(context, productBases);
  const title = `building ${stage ?? 'the walguard image'} (the first time about 6 minutes)`;
  const logFile = logOf('walguard');
  const volumes = (await sharedFolders(context)).flatMap((folder) => ['--volume', folder]);
  // The id comes from a file of our own: other checkouts build in the same store at the same time.
  const idFile = join(imagesDir(), `walguard-${process.pid}.id`);
  const args = [
    'bud',
    '--pull=never',
    '--layers',
    '--force-rm',
    ...volumes,
    ...(stage === undefined ? [] : ['--target', stage]),
    '--build-arg',
    `ENGINE=${engine}`,
    '--iidfile',
    idFile,
  ];
  // One after the other: a second build then finds the first one's layers instead of compiling the engine beside it.
  await withLock(context, `${imagesDir()}.walguard.lock`, 'building the walguard image', () =>
    withProgress(context, title, () => buildah(context, [...args, repositoryDir], logFile)),
  );
  const id = readFileSync(idFile, 'utf8').trim().replace('sha256:', '');
  rmSync(idFile);
  return id;
}

/** Toolchains and their download caches, where the builder images of images/ expect them. */
async function sharedFolders(context: Context): Promise<string[]> {
  const goEnv: Record<string, string> = JSON.parse(
    await run(context, 'go', ['env', '-json', 'GOROOT', 'GOMODCACHE', 'GOCACHE']),
  );
  const sysroot = (await run(context, 'rustc', ['--print', 'sysroot'])).trim();
  const cargoRegistry = join(process.env.CARGO_HOME || join(homedir(), '.cargo'), 'registry');
  const certificates = process.env.SSL_CERT_FILE || '/etc/ssl/certs/ca-certificates.crt';
  mkdirSync(cargoRegistry, { recursive: true });
  for (const name of ['GOMODCACHE', 'GOCACHE']) mkdirSync(goEnv[name] ?? '', { recursive: true });
  return [
    `${goEnv.GOROOT}:/usr/local/go:ro`,
    `${goEnv.GOMODCACHE}:/go/pkg/mod`,
    `${goEnv.GOCACHE}:/root/.cache/go-build`,
    `${sysroot}:/usr/local/rust:ro`,
    `${cargoRegistry}:/usr/local/cargo/registry`,
    `${certificates}:/run/certificates.crt:ro`,
  ];
}
