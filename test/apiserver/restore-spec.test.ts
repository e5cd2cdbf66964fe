// Restores on a real API server: which specs its schema and its CEL rules take, and what kubectl prints of them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import { API_VERSION } from '../../src/api/names.ts';
import type { Kube } from '../../src/kube/client.ts';
import { type Cluster, down, up } from '../cluster/cluster.ts';
import { kubectl } from '../support/cluster-client.ts';
import { installCrd, refusalOf } from '../support/crd.ts';

let cluster: Cluster;
let kube: Kube;

before(async () => {
  cluster = await up({ apiOnly: true });
  kube = await installCrd(cluster, 'restores');
});

after(() => down({ apiOnly: true }));

interface Spec {
  readonly source?: object;
  readonly target?: object;
  readonly destination?: object;
  readonly autoStart?: unknown;
}

let count = 0;

function refuse({ source, target, destination, ...others }: Spec): Promise<string | undefined> {
  count += 1;
  const spec = {
    source: source ?? { database: 'orders' },
    target: target ?? { latest: true },
    destination: destination ?? { statefulSet: 'orders-before' },
    ...others,
  };
  const metadata = { name: `r${count}`, namespace: 'default' };
  return refusalOf(kube, { apiVersion: API_VERSION, kind: 'Restore', metadata, spec } as KubeObject);
}

const BACKUP = 'base_000000010000000000000003';

const TAKEN: readonly Spec[] = [
  { target: { time: '2026-11-21T09:41:00.123456Z' } },
  { target: { lsn: '0/3000028' } },
  { target: { xid: '742' } },
  { target: { name: "before o'clock: the drop" } },
  { target: { immediate: true } },
  { target: { latest: true } },
  { target: { backup: BACKUP } },
  { target: { backup: `${BACKUP}_D_000000010000000000000001` } },
  { target: { backup: BACKUP, xid: '742' } },
  { source: { database: 'orders', storagePrefix: 's3://backups/a/b/shop/orders/15/7710543307137138721' } },
  { source: { database: 'orders', storagePrefix: 's3://b/shop/orders/15/7710543307137138721-r20261121201533' } },
  { source: { database: 'orders', storagePrefix: 's3://backups/shop/orders' } },
  { destination: { claim: 'data-copy-0' }, autoStart: false },
  { destination: { inPlace: { confirm: 'orders' } }, target: { xid: '742' } },
  { destination: { inPlace: { confirm: 'orders', undo: 'before.the-drop' } } },
];

for (const spec of TAKEN) {
  test(`${JSON.stringify(spec)}: taken`, async () => assert.equal(await refuse(spec), undefined));
}

const ONE_TARGET = /name one of time, lsn, xid, name, immediate and latest, or a base backup alone/;
const ONE_DESTINATION = /name one: a statefulSet, a claim, inPlace or a database/;
const CONFIRM = /confirm it by that very name in destination\.inPlace\.confirm/;

const REFUSED: readonly (readonly [Spec, RegExp])[] = [
  [{ target: {} }, ONE_TARGET],
  [{ target: { xid: '7', lsn: '0/1' } }, ONE_TARGET],
  [{ target: { latest: true, time: '2026-11-21T09:41:00Z' } }, ONE_TARGET],
  [{ target: { latest: false } }, /spec\.target\.latest/],
  [{ target: { lsn: '12' } }, /spec\.target\.lsn/],
  [{ target: { xid: '0' } }, /spec\.target\.xid/],
  [{ target: { name: 'a\nb' } }, /spec\.target\.name/],
  [{ target: { name: '' } }, /spec\.target\.name/],
  [{ target: { backup: 'LATEST' } }, /spec\.target\.backup/],
  [{ target: { time: 'yesterday' } }, /spec\.target\.time/],
  [{ source: { database: 'orders', storagePrefix: 's3://backups/orders' } }, /spec\.source\.storagePrefix/],
  [{ source: { database: 'orders', storagePrefix: 's3://backups/shop/orders/' } }, /spec\.source\.storagePrefix/],
  [{ source: { database: 'orders', storagePrefix: 'file:///backups/shop/orders/15/7' } }, /storagePrefix/],
  [{ destination: {} }, ONE_DESTINATION],
  [{ destination: { statefulSet: 'a', claim: 'b' } }, ONE_DESTINATION],
  [{ destination: { statefulSet: 'a', inPlace: { confirm: 'orders' } } }, ONE_DESTINATION],
  [{ destination: { inPlace: {} } }, /spec\.destination\.inPlace\.confirm/],
  [{ destination: { inPlace: { confirm: 'order' } } }, CONFIRM],
  [{ destination: { inPlace: { confirm: 'orders', undo: 'x' } }, target: { xid: '7' } }, /its target is latest/],
  [{ source: { database: 'orders', storagePrefix: 's3://b/shop/orders/15/7-R1' } }, /storagePrefix/],
];

for (const [spec, says] of REFUSED) {
  test(`${JSON.stringify(spec)}: refused, and why`, async () => {
    const refusal = await refuse(spec);
    assert.ok(refusal !== undefined, 'it was taken');
    assert.match(refusal, says);
  });
}

test('kubectl prints where it comes from and what comes to be, as the status has it', async () => {
  const spec = { source: { database: 'orders' }, target: { latest: true }, destination: { claim: 'data-copy-0' } };
  const metadata = { name: 'copy', namespace: 'default' };
  const restore = await kube.create({ apiVersion: API_VERSION, kind: 'Restore', metadata, spec } as KubeObject);
  const status = { destination: 'pvc/data-copy-0', target: 'latest', phase: 'Fetching' };
  await kube.applyStatus({ apiVersion: API_VERSION, kind: restore.kind, metadata, status } as KubeObject);
  const printed = await kubectl(cluster, ['get', 'restores', 'copy']);
  assert.match(printed, /^NAME\s+SOURCE\s+TARGET\s+DESTINATION\s+PHASE\s+AGE$/m);
  assert.match(printed, /^copy\s+orders\s+latest\s+pvc\/data-copy-0\s+Fetching\s/m);
});
