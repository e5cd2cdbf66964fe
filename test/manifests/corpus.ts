// The corpus: shapes of manifests as they are found in the wild, cut down to what decides. How to read an entry: README.md.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Container, EnvVar, KubeObject, PodSpec, Volume, VolumeMount } from '../../src/api/kubernetes.ts';
import type { Verdict } from '../../src/inject/judge.ts';

export interface Entry {
  readonly id: string;
  /** What a reader noted at first sight; `made up` for a shape of our own. */
  readonly note: string;
  readonly verdict: Verdict;
  readonly codes: readonly string[];
  readonly why: string;
  readonly object: KubeObject;
}

interface ContainerShape {
  readonly name: string;
  readonly image: string;
  readonly command?: string[];
  readonly args?: string[];
  readonly env?: readonly string[];
  readonly envFrom?: readonly string[];
  readonly mounts?: readonly string[];
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
}

interface Shape {
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly replicas?: number | null;
  /** Kind of the owner that controls it. */
  readonly owner?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly fsGroup?: number;
  readonly init?: readonly ContainerShape[];
  readonly containers: readonly ContainerShape[];
  readonly volumes?: Readonly<Record<string, string>>;
  readonly claims?: readonly string[];
}

const FOLDER = new URL('corpus/', import.meta.url);
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

export function loadCorpus(): Entry[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.yaml'));
  return files
    .flatMap((file) => parse(readFileSync(new URL(file, FOLDER), 'utf8')) as (Entry & { workload: Shape })[])
    .map(({ workload, ...entry }) => ({ ...entry, object: buildObject(workload) }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

function buildObject(shape: Shape): KubeObject {
  const { kind = 'StatefulSet', apiVersion = 'apps/v1', replicas = 1, owner, annotations, claims = [] } = shape;
  const metadata = { labels: { app: 'orders' } };
  return {
    apiVersion,
    kind,
    metadata: {
      name: 'orders',
      ...(annotations && { annotations: { ...annotations } }),
      ...(owner && { ownerReferences: [buildOwner(owner)] }),
    },
    spec: {
      ...(replicas !== null && { replicas }),
      selector: { matchLabels: { app: 'orders' } },
      ...(kind === 'StatefulSet' && { serviceName: 'orders' }),
      template: { metadata, spec: buildPod(shape) },
      ...(claims.length > 0 && { volumeClaimTemplates: claims.map(buildClaim) }),
    },
  };
}

function buildOwner(kind: string) {
  return { apiVersion: 'example.test/v1', kind, name: 'orders', uid: 'some-uid', controller: true };
}

function buildClaim(name: string) {
  const requests = { storage: '1Gi' };
  return { metadata: { name }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests } } };
}

function buildPod(shape: Shape): PodSpec {
  const { init, containers, volumes } = shape;
  const securityContext = pick(shape, ['runAsUser', 'runAsGroup', 'fsGroup']);
  return {
    ...(securityContext && { securityContext }),
    ...(init && { initContainers: init.map(buildContainer) }),
    containers: containers.map(buildContainer),
    ...(volumes && { volumes: Object.entries(volumes).map(buildVolume) }),
  };
}

function buildContainer(shape: ContainerShape): Container {
  const { name, image, command, args, env, envFrom, mounts } = shape;
  const securityContext = pick(shape, ['runAsUser', 'runAsGroup']);
  return {
    name,
    image: image.replace(/@digest$/, `@${DIGEST}`),
    ...(command && { command }),
    ...(args && { args }),
    ...(env && { env: env.map(parseVariable) }),
    ...(envFrom && { envFrom: envFrom.map((kind) => ({ [kind]: { name: 'orders' } })) }),
    ...(mounts && { volumeMounts: mounts.map(parseMount) }),
    ...(securityContext && { securityContext }),
  };
}

function pick<T extends object, K extends keyof T>(shape: T, keys: readonly K[]): Pick<T, K> | undefined {
  const entries = keys.filter((key) => shape[key] !== undefined).map((key) => [key, shape[key]]);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** `NAME=value`, `NAME from secretKeyRef`, or `NAME` without either. */
function parseVariable(text: string): EnvVar {
  const [, name = '', , value, source] = /^(\w+)(=(.*)| from (\w+))?$/s.exec(text) ?? [];
  assert.ok(name !== '', `"${text}" is no variable`);
  if (value !== undefined) return { name, value };
  return source === undefined ? { name } : { name, valueFrom: { [source]: buildSource(source) } };
}

function buildSource(source: string): Record<string, string> {
  return source === 'fieldRef' ? { fieldPath: 'metadata.name' } : { name: 'orders', key: 'some-key' };
}

/** `volume at /path`, perhaps with ` sub path` or ` expr path`. */
function parseMount(text: string): VolumeMount {
  const [, name = '', mountPath = '', , how, path = ''] = /^(\S+) at (\S+)( (sub|expr) (\S+))?$/.exec(text) ?? [];
  assert.ok(name !== '', `"${text}" is no mount`);
  return { name, mountPath, ...(how && { [how === 'sub' ? 'subPath' : 'subPathExpr']: path }) };
}

const VOLUMES: Readonly<Record<string, Record<string, unknown>>> = {
  persistentVolumeClaim: { claimName: 'orders' },
  hostPath: { path: '/srv/orders' },
  nfs: { server: 'files.test', path: '/orders' },
  configMap: { name: 'orders' },
  secret: { secretName: 'orders' },
  projected: { sources: [] },
  ephemeral: { volumeClaimTemplate: { spec: {} } },
  emptyDir: {},
};

function buildVolume([name, kind]: [string, string]): Volume {
  assert.ok(kind in VOLUMES, `"${kind}" is no volume of the corpus`);
  return { name, [kind]: { ...VOLUMES[kind] } };
}
