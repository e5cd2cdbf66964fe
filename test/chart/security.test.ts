// What the chart may do to a cluster: its pods under Pod Security restricted, its permissions, the images it pulls.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPodSecurity } from './pod-security.ts';
import { deepMerge, OWN_BUCKET, type PodSpec, podSpecs, type Rendered, type Rule, render } from './render.ts';

test('every pod passes Pod Security restricted, with a read-only root and resources', async () => {
  for (const values of [{}, OWN_BUCKET, { podSecurityContext: { runAsUser: null, runAsGroup: null, fsGroup: null } }]) {
    const specs = podSpecs(await render(values));
    assert.ok(specs.length >= 2);
    for (const [owner, spec] of specs) assert.deepEqual(checkPodSecurity(spec), [], owner);
  }
});

test('the check of Pod Security sees each breach', () => {
  const good: PodSpec = {
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'x',
        image: 'x',
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        resources: { requests: { cpu: '1', memory: '1' }, limits: { memory: '1' } },
      },
    ],
    volumes: [{ name: 'tmp', emptyDir: {} }],
  };
  assert.deepEqual(checkPodSecurity(good), []);
  const only = good.containers[0];
  assert.ok(only);
  const secured = (securityContext: object) => ({
    containers: [{ ...only, securityContext: { ...only.securityContext, ...securityContext } }],
  });
  const breaches: readonly (readonly [string, object])[] = [
    ['host-namespaces: hostNetwork', { hostNetwork: true }],
    ['host-namespaces: hostPID', { hostPID: true }],
    ['host-namespaces: hostIPC', { hostIPC: true }],
    ['volume-types: volumes[0].hostPath (v)', { volumes: [{ name: 'v', hostPath: { path: '/' } }] }],
    ['sysctls: securityContext.sysctls', { securityContext: { ...good.securityContext, sysctls: [{}] } }],
    ['selinux: securityContext.seLinuxOptions', { securityContext: { ...good.securityContext, seLinuxOptions: {} } }],
    [
      'run-as-non-root: containers[0].securityContext.runAsNonRoot',
      { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } },
    ],
    ['seccomp: containers[0].securityContext.seccompProfile', { securityContext: { runAsNonRoot: true } }],
    ['seccomp: containers[0].securityContext.seccompProfile', secured({ seccompProfile: { type: 'Unconfined' } })],
    ['run-as-user: containers[0].securityContext.runAsUser', secured({ runAsUser: 0 })],
    [
      'privilege-escalation: containers[0].securityContext.allowPrivilegeEscalation',
      secured({ allowPrivilegeEscalation: true }),
    ],
    ['privileged: containers[0].securityContext.privileged', secured({ privileged: true })],
    ['capabilities: containers[0].securityContext.capabilities.drop', secured({ capabilities: { drop: ['NET_RAW'] } })],
    [
      'capabilities: containers[0].securityContext.capabilities.add',
      secured({ capabilities: { drop: ['ALL'], add: ['CHOWN'] } }),
    ],
    ['proc-mount: containers[0].securityContext.procMount', secured({ procMount: 'Unmasked' })],
    ['selinux: containers[0].securityContext.seLinuxOptions', secured({ seLinuxOptions: {} })],
    [
      'read-only-root: containers[0].securityContext.readOnlyRootFilesystem',
      secured({ readOnlyRootFilesystem: false }),
    ],
    ['host-ports: containers[0].ports', { containers: [{ ...only, ports: [{ hostPort: 80 }] }] }],
    [
      'requests: containers[0].resources.requests',
      { containers: [{ ...only, resources: { ...only.resources, requests: {} } }] },
    ],
    [
      'memory-limit: containers[0].resources.limits.memory',
      { containers: [{ ...only, resources: { ...only.resources, limits: {} } }] },
    ],
  ];
  for (const [expected, delta] of breaches)
    assert.deepEqual(checkPodSecurity({ ...good, ...delta } as PodSpec), [expected]);
  const initBreach = checkPodSecurity({ ...good, initContainers: [{ ...only, securityContext: {} }] });
  assert.ok(initBreach.includes('capabilities: initContainers[0].securityContext.capabilities.drop'));
});

test('the object store has no API token', async () => {
  for (const [owner, spec] of podSpecs(await render())) {
    assert.equal(spec.automountServiceAccountToken, !owner.endsWith('-object-store'), owner);
    assert.equal(spec.serviceAccountName === undefined, owner.endsWith('-object-store'), owner);
  }
});

test('no role has a wildcard, grants rights onwards, or deletes a claim', async () => {
  for (const values of [{}, OWN_BUCKET, { storage: { copyCredentials: false } }]) {
    for (const [role, rule] of rulesOf(await render(values))) {
      const all = [...rule.apiGroups, ...rule.resources, ...rule.verbs, ...(rule.resourceNames ?? [])];
      assert.ok(!all.some((word) => word.includes('*')), `${role}: ${JSON.stringify(rule)}`);
      for (const verb of ['escalate', 'bind', 'impersonate']) assert.ok(!rule.verbs.includes(verb), role);
      if (rule.resources.includes('persistentvolumeclaims')) assert.ok(!rule.verbs.includes('delete'), role);
    }
  }
});

test('secrets, webhook configurations and leases are reached by name only', async () => {
  for (const values of [{}, OWN_BUCKET, { storage: { copyCredentials: false } }]) {
    for (const [role, rule] of rulesOf(await render(values))) {
      const guarded = ['secrets', 'leases', 'mutatingwebhookconfigurations', 'validatingwebhookconfigurations'];
      if (!rule.resources.some((resource) => guarded.includes(resource))) continue;
      if (rule.verbs.join() === 'create') continue;
      assert.ok(rule.resourceNames?.length, `${role}: ${JSON.stringify(rule)} has no resourceNames`);
      assert.deepEqual(
        rule.verbs.filter((verb) => !['get', 'watch', 'patch', 'update'].includes(verb)),
        [],
        role,
      );
    }
  }
});

test('without copyCredentials nothing reaches a Secret outside the release namespace', async () => {
  const touching = async (values: object) =>
    [...rulesOf(await render(values))].filter(
      ([role, rule]) => role.startsWith('ClusterRole/') && rule.resources.includes('secrets'),
    );
  assert.equal((await touching({ storage: { copyCredentials: true } })).length, 2);
  assert.deepEqual(await touching({ storage: { copyCredentials: false } }), []);
});

test('the credentials of your own bucket are not even read in the release namespace, unless they are to be copied', async () => {
  const values = { ...OWN_BUCKET, storage: { ...OWN_BUCKET.storage, copyCredentials: false } };
  const rules = [...rulesOf(await render(values))].filter(([, rule]) =>
    rule.resourceNames?.includes('walguard-storage'),
  );
  assert.deepEqual(rules, []);
});

test('a TLS Secret that is not ours to mint is read and nothing else; then no Secret can be made at all', async () => {
  const shared = deepMerge(OWN_BUCKET, { storage: { copyCredentials: false } });
  for (const [tls, name] of [
    [{ mode: 'secret', secretName: 'mine' }, 'mine'],
    [{ mode: 'certManager' }, 'walguard-webhook-tls'],
  ] as const) {
    const rules = [...rulesOf(await render(deepMerge(shared, { webhook: { tls } })))].filter(([, rule]) =>
      rule.resources.includes('secrets'),
    );
    assert.deepEqual(
      rules.map(([, { resourceNames, verbs }]) => [resourceNames, verbs]),
      [[[name], ['get', 'watch']]],
    );
  }
});

/** What the policy makes again at any time. */
const DELETABLE = ['cronjobs', 'services'];

test('no program of ours may delete what holds data, list Secrets, or reach a subresource but its own status and replicas', async () => {
  for (const values of [{}, OWN_BUCKET]) {
    for (const [role, rule] of rulesOf(await render(values))) {
      if (!/\/walguard-(webhook|controller)$/.test(role)) continue;
      const deletes = rule.verbs.filter((verb) => verb.startsWith('delete'));
      if (deletes.length > 0) {
        assert.deepEqual(deletes, ['delete'], role);
        assert.deepEqual(
          rule.resources.filter((each) => !DELETABLE.includes(each)),
          [],
          role,
        );
      }
      if (rule.resources.includes('secrets')) assert.ok(!rule.verbs.includes('list'), role);
      const subresources = rule.resources.filter((resource) => resource.includes('/'));
      const isOwnStatus = (each: string) => each.endsWith('/status') && rule.apiGroups.includes('walguard.dev');
      // A restore in place scales; by it no other field of a StatefulSet can be written.
      const isScale = (each: string) =>
        each === 'statefulsets/scale' && role.endsWith('-controller') && rule.verbs.join() === 'patch';
      assert.ok(
        subresources.every((each) => isOwnStatus(each) || isScale(each)),
        role,
      );
    }
  }
});

test('the webhook can write nothing', async () => {
  for (const [role, rule] of rulesOf(await render())) {
    if (role !== 'ClusterRole/walguard-webhook') continue;
    assert.deepEqual(
      rule.verbs.filter((verb) => !['get', 'list', 'watch'].includes(verb)),
      [],
      JSON.stringify(rule),
    );
  }
});

test('every image obeys global.imageRegistry, the digest wins over the tag', async () => {
  const digest = `sha256:${'ab'.repeat(32)}`;
  const cases = [
    [{}, 'ghcr.io/walguard/walguard:0.1.0'],
    [{ image: { tag: 'next' } }, 'ghcr.io/walguard/walguard:next'],
    [{ image: { tag: 'next', digest } }, `ghcr.io/walguard/walguard@${digest}`],
    [
      { global: { imageRegistry: 'mirror.example.com:5000/cache/' } },
      'mirror.example.com:5000/cache/walguard/walguard:0.1.0',
    ],
    [
      { global: { imageRegistry: 'mirror.example.com' }, image: { repository: 'team/walguard' } },
      'mirror.example.com/team/walguard:0.1.0',
    ],
    [
      { global: { imageRegistry: 'mirror.example.com' }, image: { repository: 'localhost/walguard' } },
      'mirror.example.com/walguard:0.1.0',
    ],
  ] as const;
  for (const [values, expected] of cases) {
    const images = (await render(values)).flatMap((object) => [...imagesIn(object)]);
    assert.deepEqual([...new Set(images)], [expected]);
    // Four containers, and the two programs that put the image into pods of other people.
    assert.equal(images.length, 6);
  }
});

function* rulesOf(objects: readonly Rendered[]): Generator<readonly [string, Rule]> {
  for (const object of objects) {
    for (const rule of object.rules ?? []) yield [`${object.kind}/${object.metadata.name}`, rule];
  }
}

/** By key, wherever it stands: an image in a place that nobody thought of counts too. */
function* imagesIn(node: unknown): Generator<string> {
  if (typeof node !== 'object' || node === null) return;
  const { name, value } = node as { name?: unknown; value?: unknown };
  if (typeof name === 'string' && name.endsWith('_IMAGE') && typeof value === 'string') yield value;
  for (const [key, child] of Object.entries(node)) {
    if (key === 'image' && typeof child === 'string') yield child;
    else yield* imagesIn(child);
  }
}
