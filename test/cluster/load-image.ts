// Images into the nodes' containerd, which has no registry to ask.
import type { Context } from './context.ts';
import { archiveImage, type ImageArchive, keyOf } from './images.ts';
import { containerdSocketOf } from './node.ts';
import { run, withProgress } from './run.ts';
import type { ClusterState } from './state.ts';

/** What a node's image was made from, kept beside it. */
const keyLabel = 'walguard.recipe';

/** Builds, archives and imports an image that has a recipe, as far as that is not done yet. */
export async function provideImage(
  context: Context,
  state: ClusterState,
  nodes: readonly string[],
  image: string,
): Promise<void> {
  const missing = await nodesWithout(context, state, nodes, `name==${image},labels."${keyLabel}"==${keyOf(image)}`);
  if (missing.length > 0) await importArchive(context, state, missing, await archiveImage(context, image));
}

export async function importArchive(
  context: Context,
  state: ClusterState,
  nodes: readonly string[],
  { image, key, file }: ImageArchive,
): Promise<void> {
  await importImage(context, state, nodes, file, image);
  for (const node of nodes) await label(context, containerdSocketOf(state, node), image, [`${keyLabel}=${key}`]);
}

export async function importImage(
  context: Context,
  state: ClusterState,
  nodes: readonly string[],
  archive: string,
  title: string = archive,
): Promise<void> {
  await withProgress(context, `loading ${title} into ${nodes.join(' and ')}`, async () => {
    await Promise.all(nodes.map((node) => importInto(context, containerdSocketOf(state, node), archive)));
  });
}

async function importInto(context: Context, socket: string, archive: string): Promise<void> {
  await run(context, 'ctr', [...imagesOf(socket), 'import', archive]);
  // Marked as not to be collected: nothing could bring it back.
  for (const name of await listImages(context, socket, 'labels."io.cri-containerd.pinned"!=pinned')) {
    await label(context, socket, name, ['io.cri-containerd.image=managed', 'io.cri-containerd.pinned=pinned']);
  }
}

export function nodesWithoutImage(
  context: Context,
  state: ClusterState,
  nodes: readonly string[],
  image: string,
): Promise<string[]> {
  return nodesWithout(context, state, nodes, `name==${image}`);
}

async function nodesWithout(
  context: Context,
  state: ClusterState,
  nodes: readonly string[],
  filter: string,
): Promise<string[]> {
  const missing = [];
  for (const node of nodes) {
    if ((await listImages(context, containerdSocketOf(state, node), filter)).length === 0) missing.push(node);
  }
  return missing;
}

async function listImages(context: Context, socket: string, filter: string): Promise<string[]> {
  return (await run(context, 'ctr', [...imagesOf(socket), 'list', '--quiet', filter])).split('\n').filter(Boolean);
}

async function label(context: Context, socket: string, name: string, labels: readonly string[]): Promise<void> {
  await run(context, 'ctr', [...imagesOf(socket), 'label', name, ...labels]);
}

/** The kubelet's images are in a containerd namespace of this name. */
const imagesOf = (socket: string) => ['--address', socket, '--namespace', 'k8s.io', 'images'];
