import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import { LABEL } from '../../src/api/names.ts';
import { createActor } from '../../src/controller/act.ts';
import { type Action, isDeletable, planDelete } from '../../src/controller/action.ts';
import { planApply } from '../../src/controller/apply.ts';
import { createFakeKube } from '../support/fake-kube.ts';
import { createRecordedLog } from '../support/recorded-log.ts';

const LABELS = { [LABEL.managedBy]: 'walguard', [LABEL.companion]: 'dump', [LABEL.database]: 'orders' };

function cronJob(metadata: Partial<KubeObject['metadata']> = {}, kind = 'CronJob'): KubeObject {
  return {
    apiVersion: 'batch/v1',
    kind,
    metadata: { name: 'orders-0-dump', namespace: 'shop', uid: 'u', labels: LABELS, ...metadata },
    spec: { schedule: '0 3 * * *', suspend: false },
  };
}

const { log } = createRecordedLog();

const ROWS: readonly (readonly [what: string, object: KubeObject, isDeletable: boolean])[] = [
  ['a CronJob of ours', cronJob(), true],
  ['a Service of ours', cronJob({}, 'Service'), true],
  ['a claim, even of ours', cronJob({}, 'PersistentVolumeClaim'), false],
  ['a Job', cronJob({}, 'Job'), false],
  ['a StatefulSet', cronJob({}, 'StatefulSet'), false],
  ["somebody else's", cronJob({ labels: { ...LABELS, [LABEL.managedBy]: 'Helm' } }), false],
  ['without our label', cronJob({ labels: { [LABEL.managedBy]: 'walguard' } }), false],
  ['one that was not read', cronJob({ uid: undefined as never }), false],
  ['one that is going', cronJob({ deletionTimestamp: '2026-11-21T10:00:00Z' }), false],
];

for (const [what, object, expected] of ROWS) {
  test(`${what} is ${expected ? '' : 'not '}deleted`, async () => {
    assert.equal(isDeletable(object), expected);
    assert.equal(planDelete(object).length, expected ? 1 : 0);
    const kube = createFakeKube(object);
    const acting = createActor(kube, log).act({ verb: 'delete', object }, []);
    if (expected) await acting;
    else await assert.rejects(acting, /not ours to delete/);
    assert.equal(kube.objects.length, expected ? 0 : 1);
  });
}

test('nothing is deleted where there is nothing, and another object of that name stays', async () => {
  assert.deepEqual(planDelete(undefined), []);
  const kube = createFakeKube(cronJob({ uid: 'another' }));
  await createActor(kube, log).act({ verb: 'delete', object: cronJob() }, []);
  assert.equal(kube.objects.length, 1);
});

test('what is there already is not made again, and that is no failure', async () => {
  const kube = createFakeKube(cronJob());
  assert.equal(await createActor(kube, log).act({ verb: 'create', object: cronJob() }, []), undefined);
});

test('what always comes back as something else is applied once, and again when it changes', async () => {
  const kube = createFakeKube();
  // A mutating webhook of somebody's.
  const apply = (object: KubeObject) => kube.apply({ ...object, spec: { schedule: '9 9 * * *', suspend: false } });
  const { act } = createActor({ ...kube, apply }, log);
  const wanted = cronJob({ uid: undefined as never });
  const step = async () => {
    const actions: Action[] = planApply(wanted, kube.objects);
    for (const action of actions) await act(action, kube.objects);
    return actions.length;
  };
  for (let look = 0; look < 5; look++) assert.equal(await step(), 1, 'it is wanted each time');
  assert.equal(kube.writes.length, 1);
  const [live] = kube.objects;
  Object.assign(live?.spec as object, { schedule: '1 1 * * *' });
  await step();
  assert.equal(kube.writes.length, 2);
});
