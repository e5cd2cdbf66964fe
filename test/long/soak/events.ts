// What happens to the webhook while the load runs; each event asserts that it really happened.
import assert from 'node:assert/strict';
import type { X509Certificate } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../../support/cluster-client.ts';
import { askForNew, isSignedBy, makeControllerLook, readBundles, readServedLeaf } from './certificates.ts';
import { OVERLAP_MS, type Stage } from './stage.ts';

const listPids = ({ deployment }: Stage) => deployment.replicas().map(({ pid }) => pid);
const readLeaves = ({ deployment }: Stage) =>
  Promise.all(deployment.replicas().map(({ port }) => readServedLeaf(port)));
const readAllBundles = ({ cluster, release }: Stage) => readBundles(cluster, release.configuration);

/** Every replica gets a successor of that image, and no process is left from before. */
export async function roll(stage: Stage, image: string): Promise<void> {
  const old = listPids(stage);
  await stage.deployment.roll(image);
  const now = listPids(stage);
  assert.equal(now.length, old.length);
  assert.ok(now.every((pid) => !old.includes(pid)));
}

/** As when somebody deletes a pod: its successor starts while it goes. */
export async function deleteOne(stage: Stage, image: string): Promise<void> {
  const [old] = stage.deployment.replicas();
  assert.ok(old);
  await Promise.all([stage.deployment.remove(old), stage.deployment.add(image)]);
  assert.ok(!listPids(stage).includes(old.pid));
}

/** Both replicas serve another leaf, of the same CA, and no process was started anew. */
export async function rotateLeaf(stage: Stage): Promise<void> {
  const pids = listPids(stage);
  const old = (await readLeaves(stage)).map(({ serialNumber }) => serialNumber);
  await askForNew(stage.cluster, stage.release.secret, 'leaf');
  await waitForLeaves(stage, 'another leaf', ({ serialNumber }) => !old.includes(serialNumber));
  const leaves = await readLeaves(stage);
  for (const bundle of await readAllBundles(stage)) {
    assert.equal(bundle.length, 1);
    for (const leaf of leaves) assert.ok(bundle.every((ca) => isSignedBy(leaf, ca)));
  }
  assert.deepEqual(listPids(stage), pids);
}

/** Both replicas serve a leaf of another CA; both configurations trust it, and still the old one too. */
export async function rotateCa(stage: Stage): Promise<void> {
  const pids = listPids(stage);
  const [[old] = []] = await readAllBundles(stage);
  assert.ok(old);
  await askForNew(stage.cluster, stage.release.secret, 'ca');
  await waitForLeaves(stage, 'a leaf of another CA', (leaf) => !isSignedBy(leaf, old));
  const leaves = await readLeaves(stage);
  for (const bundle of await readAllBundles(stage)) {
    assert.ok(bundle.some(({ fingerprint256 }) => fingerprint256 === old.fingerprint256));
    for (const leaf of leaves) assert.ok(bundle.some((ca) => isSignedBy(leaf, ca)));
  }
  assert.deepEqual(listPids(stage), pids);
}

/** The last step of a CA rotation: nobody serves by the old one any more, so it is trusted no longer. */
export async function retireOldCa(stage: Stage): Promise<void> {
  for (const bundle of await readAllBundles(stage)) assert.equal(bundle.length, 2);
  await sleep(OVERLAP_MS);
  await makeControllerLook(stage.cluster, stage.release.secret);
  await waitFor('each bundle to hold one CA', async () =>
    (await readAllBundles(stage)).every((each) => each.length === 1),
  );
}

function waitForLeaves(stage: Stage, what: string, isNew: (leaf: X509Certificate) => boolean): Promise<unknown> {
  const ask = async () => (await readLeaves(stage)).every(isNew);
  return waitFor(`both replicas to serve ${what}`, ask, { timeoutMs: 60_000 });
}
