// The Job that keeps the evidence of a Restore.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job, PodSpec } from '../../src/api/kubernetes.ts';
import { STORAGE_DIR } from '../../src/api/names.ts';
import { buildRestoreEvidenceJob } from '../../src/companion/restore-evidence.ts';
import { describeRestore, type RestoreFacts } from '../../src/lib/evidence/restore.ts';
import { checkPodSecurity } from '../chart/pod-security.ts';
import { CASES } from '../support/cases.ts';
import { openGoldenFolder } from '../support/golden.ts';
import { injected } from '../support/injected.ts';
import { buildRestoreOf, buildSubject } from '../support/subjects.ts';
import { NOW, STORAGE_PREFIX } from '../support/world.ts';
import { toYaml } from '../support/yaml.ts';

const golden = openGoldenFolder(import.meta.url, 'golden-restore-evidence/');
const SOURCE = { instance: 'orders-0', storagePrefix: STORAGE_PREFIX, policy: 'standard', image: '', objectives: {} };

function facts(message = 'it is promoted'): RestoreFacts {
  const status = { phase: 'Completed' as const, message, startedAt: NOW, completedAt: NOW };
  return describeRestore({ ...buildRestoreOf(), status }, SOURCE, NOW);
}

function build(name: string, told = facts()) {
  const job = buildRestoreEvidenceJob(buildSubject(injected(CASES[name]?.() ?? assert.fail(name))), told) as Job;
  return { job, pod: (job.spec as { template: { spec: PodSpec } }).template.spec };
}

test('the job is as the golden file has it', () => golden.assert('plain.job.yaml', toYaml(build('plain').job)));
test('there is no golden file that no test compares', () => golden.assertNoStale());

for (const name of Object.keys(CASES)) {
  test(`${name}: Pod Security restricted, no access to the API, no claim, no login, nobody's`, () => {
    const { job, pod } = build(name);
    assert.deepEqual(checkPodSecurity(pod as never), []);
    assert.equal(pod.automountServiceAccountToken, false);
    assert.ok(!pod.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim));
    assert.equal(job.metadata.ownerReferences, undefined);
    const [container] = pod.containers;
    assert.equal(container?.envFrom, undefined);
    assert.ok(!container?.env?.some(({ valueFrom }) => JSON.stringify(valueFrom ?? '').includes('secretKeyRef')));
    assert.deepEqual(
      container?.volumeMounts?.map(({ mountPath }) => mountPath),
      ['/tmp', STORAGE_DIR],
    );
    assert.ok((job.spec as { ttlSecondsAfterFinished: number }).ttlSecondsAfterFinished > 0);
  });
}

test('Kubernetes takes nothing in a message for a reference', () => {
  const { pod } = build('plain', facts('it cost $(HOME) and $5'));
  const { value = '' } = pod.containers[0]?.env?.find(({ name }) => name === 'WALGUARD_RESTORE_FACTS') ?? {};
  assert.match(value, /it cost \$\$\(HOME\) and \$\$5/);
});
