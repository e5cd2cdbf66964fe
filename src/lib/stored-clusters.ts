// The Postgres clusters of one database in the store, and the one to restore where none is named. No I/O. Room: lib (pure).
import { isStoragePrefix } from './cluster-identity.ts';
import { isSentinel, type StoredObject } from './store-listing.ts';

export interface ChosenCluster {
  readonly prefix: string;
  /** What the user should know of the choice. */
  readonly note?: string;
}

interface StoredCluster {
  /** `<PG major>/<cluster id>` */
  readonly path: string;
  /** When its newest base backup was finished: RFC 3339. */
  readonly finishedAt: string;
}

/** Below the folder: the cluster, and what lies below its prefix. */
const OBJECT = /^([^/]+\/[^/]+)\/(.+)$/;

/**
 * The one with the newest base backup: a database that was made anew, or was restored, has archived below a prefix of its own
 * since then.
 *
 * @param folder of the database; @param objects all that lie below it
 * @throws Error where there is no base backup of any: what was looked for, and what is there
 */
export function chooseCluster(folder: string, objects: readonly StoredObject[]): ChosenCluster {
  const [newest, ...others] = listClusters(objects);
  if (newest === undefined) throw new Error(`there is no base backup below ${folder}; ${describeRest(objects)}`);
  const prefix = `${folder.replace(/\/+$/, '')}/${newest.path}`;
  if (others.length === 0) return { prefix };
  const rest = others.map(({ path, finishedAt }) => `${path} (${finishedAt})`).join(', ');
  return {
    prefix,
    note: `${newest.path} is the cluster with the newest base backup, of ${newest.finishedAt}; there are older ones: ${rest}`,
  };
}

/** The newest first. */
function listClusters(objects: readonly StoredObject[]): StoredCluster[] {
  const found = new Map<string, string>();
  for (const { path, modifiedAt } of objects) {
    const [, cluster = '', rest = ''] = OBJECT.exec(path) ?? [];
    if (!isStoragePrefix(`/${cluster}`) || !isSentinel(rest)) continue;
    if (!(Date.parse(found.get(cluster) ?? '') >= Date.parse(modifiedAt))) found.set(cluster, modifiedAt);
  }
  const clusters = [...found].map(([path, finishedAt]) => ({ path, finishedAt }));
  return clusters.sort((a, b) => Date.parse(b.finishedAt) - Date.parse(a.finishedAt));
}

/** So that a folder too high up or too far down is seen at once. */
function describeRest(objects: readonly StoredObject[]): string {
  const [first] = objects;
  if (first === undefined) return 'nothing lies there. A folder is s3://BUCKET/PATH/NAMESPACE/NAME';
  return `what lies there begins with ${first.path}. A folder is s3://BUCKET/PATH/NAMESPACE/NAME, with PG major and cluster below it`;
}
