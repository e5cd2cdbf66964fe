// All that an answer is made of, besides the review. Room: webhook (door).
import type { ProtectedDatabase } from '../api/protected-database.ts';
import type { DrillStanding } from '../policy/drill-standing.ts';
import type { EngineId } from '../policy/engines.ts';
import type { PolicySource } from './policy-source.ts';

/** Nothing of it writes, so a dry run needs no care of its own. */
export interface ReviewContext {
  /** walguard's own image, for the sidecar. */
  readonly image: string;
  /** The engine in the image; undefined where that is not known, as in a checkout. */
  readonly engine: EngineId | undefined;
  readonly policies: PolicySource;
  /** The ProtectedDatabases of a namespace, or of all; none where there is no cluster. */
  readonly listDatabases: (namespace?: string) => Promise<readonly ProtectedDatabase[]>;
  /** What is known of the drills of a database, from memory: a review waits for nothing. Undefined where that may be out of date. */
  readonly findDrills: (namespace: string, name: string) => DrillStanding | undefined;
  readonly now: () => Date;
}
