// Containers and workloads for the tests of flavours: every row says only what differs.
import assert from 'node:assert/strict';
import type { Container, EnvVar, StatefulSet } from '../../src/api/kubernetes.ts';
import { type Detection, detect, type PostgresServer } from '../../src/flavour/detect.ts';
import { buildWorkload } from '../support/workloads.ts';

export const DATA = '/var/lib/postgresql/data';

/** A source of variables, such as the kubelet reads whole. */
export const SOURCE = [{ configMapRef: { name: 'settings' } }];

/** Values of variables; one without a value comes from a Secret. */
export type Values = Readonly<Record<string, string | undefined>>;

export function env(values: Values): EnvVar[] {
  return Object.entries(values).map(([name, value]) =>
    value === undefined ? { name, valueFrom: { secretKeyRef: { name: 'orders', key: name } } } : { name, value },
  );
}

/** A container of that image, and nothing else. */
export function containerOf(image: string, changes: Partial<Container> = {}): Container {
  return { name: 'database', image, ...changes };
}

export function mountAt(mountPath: string): Pick<Container, 'volumeMounts'> {
  return { volumeMounts: [{ name: 'data', mountPath }] };
}

/** The minimal valid workload with a container changed. */
export function detectWith(container: Partial<Container>, change?: (workload: StatefulSet) => void): Detection {
  const workload = buildWorkload({ container });
  change?.(workload);
  return detect(workload);
}

/** A workload of these containers, as they are. */
export function detectAmong(containers: readonly Container[], annotations?: Record<string, string>): Detection {
  const workload = buildWorkload();
  workload.spec.template.spec.containers = [...containers];
  if (annotations) workload.metadata.annotations = annotations;
  return detect(workload);
}

export function serverOf(detection: Detection): PostgresServer {
  if (detection.kind !== 'server') assert.fail(JSON.stringify(detection));
  return detection.server;
}

/** Codes of everything that stands in the way; of a server, none. */
export function codesOf(detection: Detection): string[] {
  if (detection.kind === 'refused') return detection.refusals.map(({ code }) => code);
  return detection.kind === 'server' ? [] : [detection.reason.code];
}
