// What the controller wants done; carried out by run.ts in this order. Room: controller (door).
import type { KubeObject } from '../api/kubernetes.ts';

export type Verb = 'apply' | 'apply-status' | 'create';

export interface Action {
  readonly verb: Verb;
  readonly object: KubeObject;
}
