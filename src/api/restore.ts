// Restore: a database as it was at a moment, or as a dump has it, in a new StatefulSet, a new database or in place. Room: api (pure).
import type { FromSchema } from 'json-schema-to-ts';
import type { KubeObject } from './kubernetes.ts';
import type { restoreSpecSchema, targetSchema } from './restore/spec.ts';
import type {
  dumpSchema,
  IN_PLACE_STEPS,
  inPlaceSchema,
  planSchema,
  RESTORE_PHASES,
  restoreStatusSchema,
  WORKING_PHASES,
} from './restore/status.ts';

export type RestoreTarget = FromSchema<typeof targetSchema>;
export type RestoreSpec = FromSchema<typeof restoreSpecSchema>;
export type RestorePlanSummary = FromSchema<typeof planSchema>;
export type InPlaceStatus = FromSchema<typeof inPlaceSchema>;
export type InPlaceStep = (typeof IN_PLACE_STEPS)[number];
export type RestoredDump = FromSchema<typeof dumpSchema>;
export type RestorePhase = (typeof RESTORE_PHASES)[number];
/** Those in which something is done. */
export type WorkingPhase = (typeof WORKING_PHASES)[number];
export type RestoreStatus = FromSchema<typeof restoreStatusSchema>;

export interface Restore extends KubeObject {
  spec: RestoreSpec;
  status?: RestoreStatus;
}
