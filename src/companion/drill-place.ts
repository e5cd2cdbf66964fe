// A drill in another namespace than its database's: where it runs, and what its pod cannot have there. Room: companion (pure).
import type { Container, EnvVar, PodSpec } from '../api/kubernetes.ts';
import { findPasswordMounts } from '../inject/sidecar.ts';
import type { DrillSettings } from '../policy/settings.ts';
import type { Subject } from './instance.ts';

/** The namespace in which a drill runs: a policy is many databases', and for some of them the one that it names is their own. */
export function placeOfDrill({ workload }: Pick<Subject, 'workload'>, { namespace }: DrillSettings): string {
  return namespace ?? workload.metadata.namespace ?? '';
}

/** The namespaces in which drills of the database run beside its own. */
export function listDrillPlaces({ workload }: Pick<Subject, 'workload'>, drills: readonly DrillSettings[]): string[] {
  const places = new Set(drills.map((each) => placeOfDrill({ workload }, each)));
  places.delete(workload.metadata.namespace ?? '');
  return [...places].sort();
}

/**
 * The pod as it runs elsewhere. It is told of which namespace its database is, because that is where its backups lie. It gets no
 * password of the database: where the backups are it knows, and the copy lets in whoever is in the pod. All else that the
 * database takes from Secrets and ConfigMaps (its configuration, the superuser's name) it asks for by the same name there.
 */
export function moveElsewhere(pod: PodSpec, { workload, server }: Subject): PodSpec {
  const home = workload.metadata.namespace ?? '';
  const passwords = new Set(findPasswordMounts(server).map(({ name }) => name));
  const move = (container: Container): Container => {
    const { env, volumeMounts } = container;
    return {
      ...container,
      ...(env ? { env: env.filter((each) => !isPassword(each)).map((each) => tellHome(each, home)) } : {}),
      ...(volumeMounts ? { volumeMounts: volumeMounts.filter(({ name }) => !passwords.has(name)) } : {}),
    };
  };
  return {
    ...pod,
    initContainers: (pod.initContainers ?? []).map(move),
    containers: pod.containers.map(move),
    volumes: (pod.volumes ?? []).filter(({ name }) => !passwords.has(name)),
  };
}

function isPassword({ name }: EnvVar): boolean {
  return name.includes('PASSWORD');
}

function tellHome(variable: EnvVar, home: string): EnvVar {
  return variable.name === 'WALGUARD_NAMESPACE' ? { name: variable.name, value: home } : variable;
}
