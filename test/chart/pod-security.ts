// The Pod Security level "restricted" as a list of rules, plus three of our own: a read-only root, requests, a memory limit.
// Written from the table of the standard, apart from the chart: the chart is checked against it, never the other way.
import type { Container, PodSpec } from './render.ts';

const VOLUME_TYPES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
];

/** One line "rule: path" for each breach. */
export function checkPodSecurity(pod: PodSpec): readonly string[] {
  return [
    ...checkPod(pod),
    ...(pod.initContainers ?? []).flatMap((each, index) => checkContainer(pod, each, `initContainers[${index}]`)),
    ...pod.containers.flatMap((each, index) => checkContainer(pod, each, `containers[${index}]`)),
  ];
}

function checkPod(pod: PodSpec): readonly string[] {
  const breaches: string[] = [];
  for (const field of ['hostNetwork', 'hostPID', 'hostIPC'] as const) {
    if (pod[field]) breaches.push(`host-namespaces: ${field}`);
  }
  for (const [index, { name, ...source }] of (pod.volumes ?? []).entries()) {
    for (const type of Object.keys(source)) {
      if (!VOLUME_TYPES.includes(type)) breaches.push(`volume-types: volumes[${index}].${type} (${name})`);
    }
  }
  if (pod.securityContext?.sysctls?.length) breaches.push('sysctls: securityContext.sysctls');
  if (pod.securityContext?.seLinuxOptions) breaches.push('selinux: securityContext.seLinuxOptions');
  return breaches;
}

function checkContainer(pod: PodSpec, container: Container, path: string): readonly string[] {
  const breaches: string[] = [];
  const own = container.securityContext ?? {};
  const seccomp = (own.seccompProfile ?? pod.securityContext?.seccompProfile)?.type ?? 'none';
  const require = (holds: boolean, rule: string, field: string) => {
    if (!holds) breaches.push(`${rule}: ${path}.${field}`);
  };
  require((own.runAsNonRoot ?? pod.securityContext?.runAsNonRoot) ===
    true, 'run-as-non-root', 'securityContext.runAsNonRoot');
  require((own.runAsUser ?? pod.securityContext?.runAsUser) !== 0, 'run-as-user', 'securityContext.runAsUser');
  require(['RuntimeDefault', 'Localhost'].includes(seccomp), 'seccomp', 'securityContext.seccompProfile');
  require(own.allowPrivilegeEscalation === false, 'privilege-escalation', 'securityContext.allowPrivilegeEscalation');
  require(!own.privileged, 'privileged', 'securityContext.privileged');
  require(own.capabilities?.drop?.includes('ALL') === true, 'capabilities', 'securityContext.capabilities.drop');
  const added = (own.capabilities?.add ?? []).filter((name) => name !== 'NET_BIND_SERVICE');
  require(added.length === 0, 'capabilities', 'securityContext.capabilities.add');
  require(['Default', undefined].includes(own.procMount), 'proc-mount', 'securityContext.procMount');
  require(!own.seLinuxOptions, 'selinux', 'securityContext.seLinuxOptions');
  require(!container.ports?.some((port) => port.hostPort), 'host-ports', 'ports');
  require(own.readOnlyRootFilesystem === true, 'read-only-root', 'securityContext.readOnlyRootFilesystem');
  require(Boolean(
    container.resources?.requests?.cpu && container.resources.requests.memory,
  ), 'requests', 'resources.requests');
  require(Boolean(container.resources?.limits?.memory), 'memory-limit', 'resources.limits.memory');
  return breaches;
}
