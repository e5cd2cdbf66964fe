// What the chart says about the webhook, as far as the soak test plays the parts of kubelet, Service and Deployment.
import { dirname, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { Cluster } from '../../cluster/cluster.ts';
import { helm, kubectl, type Live } from '../../support/cluster-client.ts';
import { SYSTEM_NAMESPACE } from '../../support/install.ts';

const chart = join(dirname(dirname(dirname(import.meta.dirname))), 'chart');

export interface Release {
  readonly configuration: string;
  readonly service: string;
  readonly secret: string;
  /** Keys of the Secret that its volume shows. */
  readonly mountedKeys: readonly string[];
  readonly preStopMs: number;
  readonly graceMs: number;
  readonly memoryLimitMiB: number;
  /** Environment of a webhook pod; what the kubelet or the node would choose is given by the caller. */
  readonly buildEnv: (own: Readonly<Record<string, string>>, pod: string) => Record<string, string>;
}

/** Applies the chart's webhook configurations as Helm does; the Service they call leads to that port of loopback. */
export async function installConfigurations(cluster: Cluster, port: number): Promise<Release> {
  const rendered = await helm(cluster, ['template', 'walguard', chart, '-n', SYSTEM_NAMESPACE]);
  const objects = parseAllDocuments(rendered).flatMap((each) => (each.toJS() as Live) ?? []);
  const configurations = objects.filter(({ kind }) => /^(Mutating|Validating)WebhookConfiguration$/.test(kind));
  const { service } = configurations[0].webhooks[0].clientConfig;
  for (const { webhooks } of configurations) {
    for (const { clientConfig } of webhooks) clientConfig.service.port = port;
  }
  const items = [buildService(service.name, port), ...configurations];
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  await kubectl(cluster, ['apply', '--server-side', '--field-manager=helm', '-f', '-'], list);
  const pod = objects.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === service.name);
  return { configuration: configurations[0].metadata.name, service: service.name, ...readPod(pod.spec.template.spec) };
}

/** The API server takes an external name as the address to call, and still asks for the Service's name in TLS. */
function buildService(name: string, port: number): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: SYSTEM_NAMESPACE },
    spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port }] },
  };
}

function readPod(spec: Live): Omit<Release, 'configuration' | 'service'> {
  const [container] = spec.containers;
  const { secret } = spec.volumes.find((volume: Live) => volume.secret);
  const memoryLimitMiB = Number(/^(\d+)Mi$/.exec(container.resources.limits.memory)?.[1]);
  const preStop = container.lifecycle.preStop.sleep?.seconds ?? container.lifecycle.preStop.exec.command.at(-1);
  return {
    secret: secret.secretName,
    mountedKeys: secret.items.map(({ path }: Live) => path),
    preStopMs: Number(preStop) * 1000,
    graceMs: spec.terminationGracePeriodSeconds * 1000,
    memoryLimitMiB,
    buildEnv: (own, pod) => ({ ...buildHeapOptions(memoryLimitMiB), ...readEnv(container.env, pod), ...own }),
  };
}

/** As the image has it, 60 % of the container's limit; the semi-space is what V8 chooses by itself in such a container. */
function buildHeapOptions(limitMiB: number): Record<string, string> {
  return { NODE_OPTIONS: `--max-old-space-size=${Math.floor(limitMiB * 0.6)} --max-semi-space-size=1` };
}

function readEnv(env: readonly Live[], pod: string): Record<string, string> {
  const fields: Readonly<Record<string, string>> = { 'metadata.namespace': SYSTEM_NAMESPACE, 'metadata.name': pod };
  const entries = env.map(({ name, value, valueFrom }) => [
    name,
    value ?? fields[valueFrom?.fieldRef?.fieldPath] ?? '',
  ]);
  return Object.fromEntries(entries);
}
