// Renders the chart with the real Helm and hands out plain objects, for the tests beside this file.
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

export const CHART_DIR = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'chart');

/** What a bucket of one's own needs at least; the chart refuses to render without object store and without these. */
export const OWN_BUCKET = {
  objectStore: { enabled: false },
  storage: { s3: { prefix: 's3://backups/production', region: 'eu-central-1' } },
};

export type Labels = Readonly<Record<string, string>>;

export interface SelectorTerm {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[];
}

export interface Webhook {
  readonly name: string;
  readonly failurePolicy: string;
  readonly clientConfig: { readonly service: { name: string; namespace: string; path: string; port: number } };
  readonly namespaceSelector?: { readonly matchExpressions: readonly SelectorTerm[] };
  readonly matchConditions?: readonly { name: string; expression: string }[];
  readonly rules: readonly unknown[];
  readonly timeoutSeconds: number;
  readonly sideEffects: string;
  readonly matchPolicy: string;
}

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { name: string; value?: string; valueFrom?: { secretKeyRef?: { name: string } } }[];
  readonly ports?: readonly { name: string; containerPort: number; hostPort?: number }[];
  readonly resources?: { requests?: Labels; limits?: Labels };
  readonly securityContext?: SecurityContext;
  readonly volumeMounts?: readonly { name: string }[];
  readonly lifecycle?: Readonly<Record<string, unknown>>;
  readonly livenessProbe?: unknown;
  readonly readinessProbe?: unknown;
}

export interface SecurityContext {
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
  readonly seccompProfile?: { type: string };
  readonly allowPrivilegeEscalation?: boolean;
  readonly privileged?: boolean;
  readonly readOnlyRootFilesystem?: boolean;
  readonly procMount?: string;
  readonly capabilities?: { add?: readonly string[]; drop?: readonly string[] };
  readonly sysctls?: readonly unknown[];
  readonly seLinuxOptions?: unknown;
}

export interface PodSpec {
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly securityContext?: SecurityContext;
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes?: readonly ({ name: string } & Record<string, unknown>)[];
  readonly affinity?: { podAntiAffinity?: object };
}

export interface Rendered {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { name: string; namespace?: string; labels: Labels; annotations?: Labels };
  readonly rules?: readonly Rule[];
  readonly roleRef?: { kind: string; name: string };
  readonly subjects?: readonly { kind: string; name: string; namespace: string }[];
  readonly webhooks?: readonly Webhook[];
  readonly spec?: {
    readonly replicas?: number;
    readonly strategy?: { type: string; rollingUpdate?: object };
    readonly maxUnavailable?: number;
    readonly unhealthyPodEvictionPolicy?: string;
    readonly selector?: { matchLabels?: Labels } & Readonly<Record<string, unknown>>;
    readonly template?: { metadata: { labels: Labels }; spec: PodSpec };
    readonly ports?: readonly { port: number; targetPort: string }[];
  } & Readonly<Record<string, unknown>>;
}

export interface Release {
  readonly name?: string;
  readonly namespace?: string;
  /** Of the cluster that it is rendered for; undefined for Helm's own. */
  readonly kubeVersion?: string;
}

/** The cluster helper is loaded only when it is needed: with WALGUARD_HELM set nothing is downloaded or built. */
async function findHelm(): Promise<string> {
  const given = process.env.WALGUARD_HELM;
  if (given) return given;
  const { ensureTools } = await import('../cluster/cluster.ts');
  return (await ensureTools((line) => void process.stderr.write(`${line}\n`))).helm;
}

let helmPath: Promise<string> | undefined;

/** Resolves with what Helm printed; rejects with an error whose message holds what it complained about. */
export async function helm(args: readonly string[], stdin = ''): Promise<string> {
  helmPath ??= findHelm();
  const command = await helmPath;
  return new Promise((resolve, reject) => {
    // No kubeconfig: a chart that looks something up in a cluster must fail here, on every machine.
    const env = { ...process.env, KUBECONFIG: '/dev/null' };
    const child = execFile(command, args, { env, maxBuffer: 16 << 20, timeout: 60_000 }, (error, stdout) => {
      if (error) reject(error);
      else resolve(stdout);
    });
    child.stdin?.end(stdin);
  });
}

export async function renderText(values: object = {}, release: Release = {}): Promise<string> {
  const { name = 'walguard', namespace = 'walguard', kubeVersion } = release;
  const version = kubeVersion === undefined ? [] : ['--kube-version', kubeVersion];
  const args = ['template', name, CHART_DIR, '--namespace', namespace, ...version, '--values', '-'];
  return helm(args, JSON.stringify(values));
}

export async function render(values: object = {}, release: Release = {}): Promise<readonly Rendered[]> {
  const documents = parseAllDocuments(await renderText(values, release), { uniqueKeys: true });
  const objects: Rendered[] = [];
  for (const document of documents) {
    if ('errors' in document && document.errors[0]) throw document.errors[0];
    if ('toJS' in document && document.contents) objects.push(document.toJS() as Rendered);
  }
  return objects;
}

export async function renderNotes(values: object = {}, release: Release = {}): Promise<string> {
  const { name = 'walguard', namespace = 'walguard' } = release;
  const args = ['install', name, CHART_DIR, '--namespace', namespace, '--dry-run=client', '--values', '-'];
  const [, notes = ''] = (await helm(args, JSON.stringify(values))).split('\nNOTES:\n');
  return notes;
}

export function find(objects: readonly Rendered[], kind: string, name: string): Rendered {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (!found) throw new Error(`${kind} ${name} is not in the render`);
  return found;
}

export function podSpecOf(object: Rendered): PodSpec | undefined {
  return object.spec?.template?.spec;
}

/** Every object in which a pod template occurs, with its pod spec. */
export function podSpecs(objects: readonly Rendered[]): readonly (readonly [string, PodSpec])[] {
  return objects.flatMap((object) => {
    const spec = podSpecOf(object);
    return spec ? [[`${object.kind}/${object.metadata.name}`, spec] as const] : [];
  });
}

export function deepMerge(base: object, over: object): object {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const old = merged[key];
    merged[key] = isMap(old) && isMap(value) ? deepMerge(old, value) : value;
  }
  return merged;
}

export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** {storage: {s3: {region: 'x'}}} from 'storage.s3.region' and 'x'. */
export function nest(path: string, value: unknown): object {
  return path.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as object;
}
