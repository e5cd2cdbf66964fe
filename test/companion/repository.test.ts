import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject, StatefulSet } from '../../src/api/kubernetes.ts';
import {
  buildRepositoryClaim,
  buildRepositorySecret,
  buildRepositoryServer,
  buildRepositoryService,
} from '../../src/companion/repository.ts';
import { detect } from '../../src/flavour/detect.ts';
import { checkPodSecurity } from '../chart/pod-security.ts';
import { openGoldenFolder } from '../support/golden.ts';
import { buildWorkload, IMAGE } from '../support/workloads.ts';
import { toYaml } from '../support/yaml.ts';

const STORAGE = { volume: { size: '20Gi', storageClassName: 'slow' } };
const golden = openGoldenFolder(import.meta.url, 'golden-repository/');

function buildAll(workload = buildWorkload()): KubeObject[] {
  return [
    buildRepositorySecret(workload),
    buildRepositoryClaim(workload, STORAGE),
    buildRepositoryServer(workload, IMAGE),
    buildRepositoryService(workload),
  ];
}

test('the repository of a database is as the golden file has it', () => {
  golden.assert('orders.yaml', buildAll().map(toYaml).join('---\n'));
  golden.assertNoStale();
});

test('nothing of it has an owner: backups outlive the database', () => {
  for (const { kind, metadata } of buildAll()) assert.equal(metadata.ownerReferences, undefined, kind);
});

test('its server is no database that asks for a policy', () => {
  const server = buildRepositoryServer(buildWorkload(), IMAGE) as StatefulSet;
  assert.equal(detect(server).kind, 'not-postgres');
});

test('its server is placed where the database may be, and pulls as it does', () => {
  const workload = buildWorkload();
  Object.assign(workload.spec.template.spec, {
    imagePullSecrets: [{ name: 'pull' }],
    nodeSelector: { disk: 'ssd' },
    tolerations: [{ operator: 'Exists' }],
  });
  const { spec } = (buildRepositoryServer(workload, IMAGE) as StatefulSet).spec.template;
  assert.deepEqual(
    [spec.imagePullSecrets, spec.nodeSelector, spec.tolerations],
    [[{ name: 'pull' }], { disk: 'ssd' }, [{ operator: 'Exists' }]],
  );
});

test('a name that is no Service’s gives one that is', () => {
  const workload = buildWorkload();
  workload.metadata.name = `9.${'x'.repeat(60)}`;
  for (const { metadata } of buildAll(workload)) assert.match(metadata.name ?? '', /^[a-z][-a-z0-9]{1,51}$/);
});

test('its server satisfies Pod Security restricted', () => {
  const server = buildRepositoryServer(buildWorkload(), IMAGE) as StatefulSet;
  assert.deepEqual(checkPodSecurity(server.spec.template.spec as Parameters<typeof checkPodSecurity>[0]), []);
});
