// The laws of inject and strip over generated workloads. A failure prints the seed and the smallest counterexample.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { StatefulSet } from '../../src/api/kubernetes.ts';
import { type AdmissionInput, decideMutation, decideValidation } from '../../src/inject/admission.ts';
import { inject } from '../../src/inject/inject.ts';
import { isInjected, strip } from '../../src/inject/strip.ts';
import { toStableJson } from '../../src/lib/json.ts';
import type { Reason } from '../../src/lib/reason.ts';
import { anyStatefulSet, injectable } from '../support/arbitraries.ts';
import { findCredentialLeaks } from '../support/credentials.ts';
import { injected } from '../support/injected.ts';
import { IMAGE, SETTINGS } from '../support/workloads.ts';

const RUNS = { numRuns: 300 };
const bytes = (value: unknown) => JSON.stringify(value);

test('every workload of the generator can be injected', () => {
  fc.assert(
    fc.property(injectable, (workload) => assert.equal(inject(workload, SETTINGS, IMAGE).kind, 'injected')),
    RUNS,
  );
});

test('strip gives back what inject got, to the byte, with every unknown field and the order of keys', () => {
  fc.assert(
    fc.property(injectable, (workload) => assert.equal(bytes(strip(injected(workload))), bytes(workload))),
    RUNS,
  );
});

test('injecting an injected workload changes nothing', () => {
  fc.assert(
    fc.property(injectable, (workload) => {
      const once = injected(workload);
      assert.equal(bytes(injected(once)), bytes(once));
    }),
    RUNS,
  );
});

test('an injection with other settings and image is replaced as if it had never been there', () => {
  fc.assert(
    fc.property(injectable, (workload) => {
      const older = injected(
        workload,
        { ...SETTINGS, archive: { ...SETTINGS.archive, timeoutSeconds: 7 }, policy: 'old' },
        'older:0',
      );
      assert.equal(bytes(injected(older)), bytes(injected(workload)));
    }),
    RUNS,
  );
});

/** What other webhooks do: a mesh's sidecar, a volume, an annotation, a variable; at the end or in front. */
const OTHERS: readonly ((workload: StatefulSet) => void)[] = [
  ({ spec }) => void spec.template.spec.containers.push({ name: 'mesh', image: 'mesh:1' }),
  ({ spec }) => void spec.template.spec.containers.unshift({ name: 'first', image: 'mesh:1' }),
  ({ spec }) => {
    spec.template.spec.initContainers = [
      { name: 'mesh-init', image: 'mesh:1' },
      ...(spec.template.spec.initContainers ?? []),
    ];
  },
  ({ spec }) => {
    spec.template.spec.volumes = [...(spec.template.spec.volumes ?? []), { name: 'mesh', emptyDir: {} }];
  },
  ({ spec: { template } }) => {
    template.metadata = { ...template.metadata, annotations: { ...template.metadata?.annotations, 'mesh/on': 'true' } };
  },
  ({ spec }) => {
    for (const container of spec.template.spec.containers) {
      container.volumeMounts = [...(container.volumeMounts ?? []), { name: 'mesh', mountPath: '/mesh' }];
    }
  },
];

test('it does not matter whether another webhook comes before or after', () => {
  fc.assert(
    fc.property(injectable, fc.subarray([...OTHERS], { minLength: 1 }), (workload, others) => {
      const changed = (before: StatefulSet) => {
        const after = structuredClone(before);
        for (const change of others) change(after);
        return after;
      };
      assert.equal(toStableJson(injected(changed(injected(workload)))), toStableJson(injected(changed(workload))));
    }),
    RUNS,
  );
});

test('the same input gives the same bytes, and is not changed itself', () => {
  fc.assert(
    fc.property(injectable, (workload) => {
      const before = bytes(workload);
      assert.equal(bytes(injected(workload)), bytes(injected(structuredClone(workload))));
      assert.equal(bytes(workload), before);
    }),
    RUNS,
  );
});

test('nothing outside the template changes, and no list of the user loses or moves an item', () => {
  fc.assert(
    fc.property(injectable, (workload) => {
      const after = injected(workload);
      assert.equal(
        bytes({ ...after, spec: { ...after.spec, template: 0 } }),
        bytes({ ...workload, spec: { ...workload.spec, template: 0 } }),
      );
      const { spec } = workload.spec.template;
      const injectedSpec = after.spec.template.spec;
      for (const list of ['volumes', 'initContainers'] as const) {
        assert.equal(bytes(injectedSpec[list]?.slice(0, spec[list]?.length ?? 0)), bytes(spec[list] ?? []));
      }
      for (const [index, container] of spec.containers.entries()) {
        for (const list of ['args', 'volumeMounts', 'env'] as const) {
          const now = injectedSpec.containers[index]?.[list];
          assert.equal(bytes(now?.slice(0, container[list]?.length ?? 0) ?? []), bytes(container[list] ?? []));
        }
      }
    }),
    RUNS,
  );
});

test('no container of the user can reach the storage credentials', () => {
  fc.assert(
    fc.property(injectable, (workload) =>
      assert.deepEqual(findCredentialLeaks(injected(workload), SETTINGS.storage.credentialsSecret), []),
    ),
    RUNS,
  );
});

test('whatever comes: no crash, input unchanged, and strip of what is not injected is the identity', () => {
  fc.assert(
    fc.property(anyStatefulSet, (workload) => {
      const before = bytes(workload);
      const injection = inject(workload, SETTINGS, IMAGE);
      if (injection.kind === 'refused') injection.refusals.forEach(assertComplete);
      if (injection.kind === 'left-alone') assertComplete(injection.reason);
      if (injection.kind === 'injected') {
        assert.ok(isInjected(injection.workload));
        assert.equal(bytes(strip(injection.workload)), bytes(strip(workload)));
      }
      assert.equal(bytes(strip(strip(workload))), bytes(strip(workload)));
      if (!before.includes('"walguard.dev/injection"')) assert.equal(bytes(strip(workload)), before);
      assert.equal(bytes(workload), before);
    }),
    { numRuns: 1000 },
  );
});

test('whatever comes: both decisions are made, and never touch what may not be touched on UPDATE', () => {
  const settings = fc.constantFrom<AdmissionInput['settings']>(SETTINGS, undefined, [REFUSAL]);
  const old = fc.option(
    fc.oneof(
      anyStatefulSet,
      injectable.map((each) => injected(each)),
    ),
    { nil: undefined },
  );
  fc.assert(
    fc.property(anyStatefulSet, old, settings, (workload, before, policy) => {
      const input = { workload, old: before, image: IMAGE, settings: policy, today: '2026-11-21' };
      const { workload: after, code } = decideMutation(input);
      for (const field of ['volumeClaimTemplates', 'selector', 'serviceName', 'replicas'] as const) {
        assert.deepEqual(after.spec[field], workload.spec[field]);
      }
      assert.deepEqual(after.metadata, workload.metadata);
      assert.match(code, /^[a-z]+(-[a-z]+)*$/);
      const verdict = decideValidation({ ...input, workload: after });
      assert.notEqual(verdict.code, '');
      if (!verdict.allowed) assert.equal(verdict.findings[0]?.severity, 'deny', 'a refusal says why');
      for (const { reason } of verdict.findings) assertComplete(reason);
    }),
    RUNS,
  );
});

const REFUSAL: Reason = { code: 'policy-unknown', field: 'a', seen: 'b', remedy: 'c' };

function assertComplete(refusal: Reason): void {
  assert.match(refusal.code, /^[a-z]+(-[a-z]+)*$/);
  for (const part of ['field', 'seen', 'remedy'] as const) assert.notEqual(refusal[part].trim(), '', part);
}
