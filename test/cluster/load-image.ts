// Images into the nodes' containerd, which has no registry to ask.
import type { Context } from './context.ts';
import { containerdSocketOf } from './node.ts';
import { run, withProgress } from './run.ts';
import type { ClusterState } from './state.ts';

export async function importImage(
  context: Context,
  state: ClusterState,
  nodes: readonly string[],
  archive: string,
): Promise<void> {
  await withProgress(context, `loading ${archive} into ${nodes.join(' and ')}`, async () => {
    await Promise.all(nodes.map((node) => importInto(context, containerdSocketOf(state, node), archive)));
  });
}

async function importInto(context: Context, socket: string, archive: string): Promise<void> {
  const before = await listImages(context, socket);
  await run(context, 'ctr', [...imagesOf(socket), 'import', archive]);
  const after = await listImages(context, socket);
  // Marked as not to be collected: nothing could bring it back.
  const labels = ['io.cri-containerd.image=managed', 'io.cri-containerd.pinned=pinned'];
  for (const name of after.filter((image) => !before.includes(image))) {
    await run(context, 'ctr', [...imagesOf(socket), 'label', name, ...labels]);
  }
}

export async function hasImageInNode(
  context: Context,
  state: ClusterState,
  node: string,
  image: string,
): Promise<boolean> {
  return (await listImages(context, containerdSocketOf(state, node))).includes(image);
}

async function listImages(context: Context, socket: string): Promise<string[]> {
  return (await run(context, 'ctr', [...imagesOf(socket), 'list', '--quiet'])).split('\n').filter(Boolean);
}

/** The kubelet's images are in a containerd namespace of this name. */
const imagesOf = (socket: string) => ['--address', socket, '--namespace', 'k8s.io', 'images'];
