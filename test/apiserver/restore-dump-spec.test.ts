// Restores from dumps on a real API server: which source, target and destination its schema and its CEL rules take together.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { API_VERSION } from '../../src/api/names.ts';
import { createKube, type Kube, KubeError, loadKubeConfig } from '../../src/kube/client.ts';
import { repositoryDir } from '../cluster/checkout.ts';
import { down, up } from '../cluster/cluster.ts';
import { kubectl } from '../support/cluster-client.ts';

const CRD = join(repositoryDir, 'chart', 'crds', 'restores.yaml');
let kube: Kube;

before(async () => {
  const cluster = await up({ apiOnly: true });
  kube = createKube(loadKubeConfig({ kubeconfig: cluster.kubeconfig }));
  await kubectl(cluster, ['apply', '--server-side', '-f', CRD]);
  await kubectl(cluster, ['wait', '--for=condition=Established', '--timeout=30s', '-f', CRD]);
});

after(() => down({ apiOnly: true }));

interface Spec {
  readonly dump?: unknown;
  readonly target?: object;
  readonly destination?: object;
  readonly storagePrefix?: string;
  readonly planOnly?: boolean;
}

let count = 0;

async function refusalOf({ dump, storagePrefix, destination, ...others }: Spec): Promise<string | undefined> {
  count += 1;
  const source = {
    database: 'orders',
    ...(dump === undefined ? {} : { dump }),
    ...(storagePrefix === undefined ? {} : { storagePrefix }),
  };
  const spec = { source, destination: destination ?? { statefulSet: 'orders-from-dump' }, ...others };
  const metadata = { name: `r${count}`, namespace: 'default' };
  try {
    await kube.create({ apiVersion: API_VERSION, kind: 'Restore', metadata, spec });
    return undefined;
  } catch (error) {
    if (error instanceof KubeError && error.status === 422) return error.message;
    throw error;
  }
}

const NAME = '20261121T020000Z-pg_dumpall';
const ONE = /name a target; or a dump in source\.dump, which is of one moment and has no target/;

const INTO = (more: object) => ({ database: { name: 'again', of: 'shop', ...more } });

const ROWS: readonly (readonly [Spec, RegExp | undefined])[] = [
  [{ dump: 'latest' }, undefined],
  [{ dump: NAME, planOnly: true }, undefined],
  [{ dump: '20261121T020000Z-pg_dump', storagePrefix: 's3://backups/shop/orders/15/7710543307137138721' }, undefined],
  [{ target: { latest: true } }, undefined],
  [{}, ONE],
  [{ dump: 'latest', target: { latest: true } }, ONE],
  [{ dump: 'latest', destination: { claim: 'copy' } }, /name it in destination\.statefulSet or destination\.database/],
  [{ dump: 'latest', destination: INTO({}) }, undefined],
  [{ dump: 'latest', destination: INTO({ swap: 'shop' }) }, undefined],
  [{ dump: 'latest', destination: INTO({ name: `o'dd "d b" \\ ünï $HOME` }) }, undefined],
  [{ dump: 'latest', destination: { database: { name: 'again' } } }, /destination\.database\.of: Required/],
  [{ dump: 'latest', destination: { database: { of: 'shop' } } }, /destination\.database\.name: Required/],
  [
    { dump: 'latest', destination: INTO({ swap: 'carts' }) },
    /confirm it by that very name in destination\.database\.swap/,
  ],
  [{ dump: 'latest', destination: INTO({ name: 'shop', swap: 'shop' }) }, /needs a name of its own/],
  [{ dump: 'latest', destination: INTO({ of: 'postgres', swap: 'postgres' }) }, /postgres and the templates cannot be/],
  [{ dump: 'latest', destination: INTO({ name: 'a\nb' }) }, /destination\.database\.name/],
  [{ dump: 'latest', destination: INTO({ name: 'x'.repeat(64) }) }, /destination\.database\.name/],
  [{ dump: 'latest', destination: INTO({ name: '' }) }, /destination\.database\.name/],
  [{ dump: 'latest', destination: { ...INTO({}), statefulSet: 'copy' } }, /must have at most 1|name one/],
  [{ target: { latest: true }, destination: INTO({}) }, /is made of a dump: name one in source\.dump/],
  [{ dump: 'newest' }, /spec\.source\.dump/],
  [{ dump: `${NAME}/..` }, /spec\.source\.dump/],
  [{ dump: '' }, /spec\.source\.dump/],
];

for (const [spec, says] of ROWS) {
  test(`${JSON.stringify(spec)}: ${says === undefined ? 'taken' : 'refused, and why'}`, async () => {
    const refusal = await refusalOf(spec);
    if (says === undefined) return assert.equal(refusal, undefined);
    assert.ok(refusal !== undefined, 'it was taken');
    return assert.match(refusal, says);
  });
}
