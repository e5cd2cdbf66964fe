// From a StatefulSet that names a policy to all its companions are built from. Room: controller (door).
import type { StatefulSet } from '../api/kubernetes.ts';
import type { Subject } from '../companion/instance.ts';
import { detect } from '../flavour/detect.ts';
import { readInjectedStorage } from '../inject/storage-env.ts';
import { strip } from '../inject/strip.ts';
import { isEqual } from '../lib/json.ts';
import { formatReason } from '../lib/reason.ts';
import { inPolicy } from '../policy/find-settings.ts';
import { placeSettings } from '../policy/place.ts';
import { policyOf } from '../policy/policy-of.ts';
import { parsePolicySpec } from '../policy/schema.ts';
import { resolveSettings } from '../policy/settings.ts';
import type { World } from './world.ts';

/**
 * The subject; or, in words, why there is none. What only a rule denies is carried out as far as it can be: a policy that was
 * stored before the rule came must not stop the backups of the databases that name it.
 */
export function resolveSubject(
  workload: StatefulSet,
  { policies, image }: Pick<World, 'policies' | 'image'>,
): Subject | string {
  const name = policyOf(workload) ?? '';
  const policy = policies.find(({ metadata }) => metadata.name === name);
  if (!policy) return `the BackupPolicy "${name}" does not exist`;
  const spec = parsePolicySpec(policy.spec);
  if (!('storage' in spec)) return inPolicy(name, spec).map(formatReason).join(' ');
  const detection = detect(strip(workload));
  if (detection.kind === 'refused') return detection.refusals.map(formatReason).join(' ');
  if (detection.kind !== 'server') return `it is ${detection.kind}`;
  return { workload, server: detection.server, settings: resolveSettings(name, spec), image };
}

/** Backups and evidence go where the WAL goes. A volume stays one: its size is the policy's to say. */
export function withInjectedStorage(subject: Subject): Subject {
  const injected = readInjectedStorage(subject.workload);
  if (!injected || isEqual(injected, placeSettings(subject.settings, subject.workload).storage)) return subject;
  return { ...subject, settings: { ...subject.settings, storage: injected } };
}
