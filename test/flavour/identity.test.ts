import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANNOTATION } from '../../src/api/names.ts';
import { codesOf, detectWith, serverOf } from './build.ts';

interface IdentityRow {
  readonly name: string;
  readonly image?: string;
  readonly pod?: Record<string, number>;
  readonly container?: Record<string, number>;
  readonly annotation?: string;
  readonly identity: readonly [uid: number, gid: number];
}

const IDENTITIES: readonly IdentityRow[] = [
  { name: 'the image alone', identity: [999, 999] },
  { name: 'the image on Alpine', image: 'postgres:15-alpine', identity: [70, 70] },
  { name: 'the pod says', pod: { runAsUser: 1001, runAsGroup: 1002 }, identity: [1001, 1002] },
  { name: 'the container wins over the pod', pod: { runAsUser: 1 }, container: { runAsUser: 2 }, identity: [2, 999] },
  { name: 'uid and gid from different places', pod: { runAsGroup: 7 }, container: { runAsUser: 2 }, identity: [2, 7] },
  { name: 'root steps down by itself', pod: { runAsUser: 0, runAsGroup: 0 }, identity: [999, 999] },
  {
    name: 'the container as root in a pod with a uid',
    pod: { runAsUser: 5 },
    container: { runAsUser: 0 },
    identity: [999, 999],
  },
  { name: 'the annotation wins over all', pod: { runAsUser: 5 }, annotation: '26', identity: [26, 999] },
  {
    name: 'an image whose uid differs, and the pod says',
    image: 'supabase/postgres:15',
    pod: { runAsUser: 105 },
    identity: [105, 105],
  },
  {
    name: 'an image whose uid differs, and the annotation',
    image: 'supabase/postgres:15',
    annotation: '101',
    identity: [101, 101],
  },
];

for (const { name, image = 'postgres:15', pod, container, annotation, identity } of IDENTITIES) {
  test(`uid and gid: ${name}`, () => {
    const detection = detectWith({ image, ...(container ? { securityContext: container } : {}) }, (workload) => {
      if (pod) workload.spec.template.spec.securityContext = pod;
      if (annotation) workload.metadata.annotations = { [ANNOTATION.runAsUser]: annotation };
    });
    const { uid, gid } = serverOf(detection).identity;
    assert.deepEqual([uid, gid], identity);
  });
}

for (const stated of ['postgres', '0', '26abc', '', '-1', '1.5']) {
  test(`uid and gid: the annotation "${stated}" is a slip of the pen, and said`, () => {
    const detection = detectWith({}, (workload) => {
      workload.metadata.annotations = { [ANNOTATION.runAsUser]: stated };
    });
    assert.deepEqual(codesOf(detection), ['run-as-user-unknown']);
  });
}
