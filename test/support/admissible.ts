// Makes a generated or distilled StatefulSet one that a real API server admits, without touching what walguard judges it by:
// images, commands, variables, mount paths, annotations, labels, owners.
import type { Container, PodSpec, StatefulSet, Volume } from '../../src/api/kubernetes.ts';

export function admissible(workload: StatefulSet, namespace: string): StatefulSet {
  const { metadata, spec } = structuredClone(workload);
  const app = { app: 'orders' };
  const { labels, annotations, ownerReferences } = metadata;
  const template = spec.template;
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: {
      name: 'orders',
      namespace,
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ...(ownerReferences && { ownerReferences }),
    },
    spec: {
      serviceName: 'orders',
      selector: { matchLabels: app },
      template: {
        metadata: {
          labels: app,
          ...(template.metadata?.annotations && { annotations: template.metadata.annotations }),
        },
        spec: admissiblePod(template.spec),
      },
    },
  };
}

/** Each volume that is mounted is an emptyDir: what it is plays no part in whether this is a Postgres. */
function admissiblePod({ containers = [], initContainers = [] }: PodSpec): PodSpec {
  const all = containers.length > 0 ? containers : [{ name: 'none', image: 'redis' }];
  const names = new Set<string>();
  const own = all.map((each) => admissibleContainer(each, names));
  const init = (initContainers ?? []).map((each) => admissibleContainer(each, names));
  const mounted = [...own, ...init].flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name));
  const volumes: Volume[] = [...new Set(mounted)].map((name) => ({ name, emptyDir: {} }));
  return { containers: own, ...(init.length > 0 && { initContainers: init }), volumes };
}

function admissibleContainer(container: Container, taken: Set<string>): Container {
  const { name, image, command, args, env, restartPolicy } = container;
  const unique = taken.has(name) ? `${name}-${taken.size}` : name;
  taken.add(unique);
  const mounts = new Map(
    (container.volumeMounts ?? []).map(({ mountPath }) => [mountPath.replaceAll(':', '_'), mountPath]),
  );
  return {
    name: unique,
    image: image?.trim() || 'redis',
    ...(command && { command }),
    ...(args && { args }),
    ...(env && { env: env.map(({ name: key, value }) => ({ name: key, ...(value !== undefined && { value }) })) }),
    ...(restartPolicy !== undefined && { restartPolicy }),
    volumeMounts: [...mounts.keys()]
      .filter(Boolean)
      .map((mountPath, index) => ({ name: `volume-${index}`, mountPath })),
  };
}
