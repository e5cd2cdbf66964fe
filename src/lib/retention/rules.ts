// What a policy asks to be kept, and why something is kept. Room: lib (pure).
import type { Period } from './periods.ts';

/** As the policy says it; a line that is absent keeps nothing by itself. */
export interface RetentionRules {
  readonly recoveryWindowSeconds?: number;
  readonly keepFull?: number;
  readonly keepDaily?: number;
  readonly keepWeekly?: number;
  readonly keepMonthly?: number;
  readonly minFullBackups: number;
  /** Of IANA: whose days, weeks and months count. */
  readonly timeZone: string;
}

/** `daily 2026-11-20` is the newest backup of that day; `parent of <name>` is what a kept delta builds on. */
export type Reason =
  | 'everything stays'
  | 'newest'
  | 'recoveryWindow'
  | 'keepFull'
  | 'minFullBackups'
  | 'permanent'
  | 'odd times'
  | 'broken and recent'
  | `${Period} ${string}`
  | `parent of ${string}`;
