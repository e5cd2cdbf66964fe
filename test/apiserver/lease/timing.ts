// A fifth of what is used in earnest.
export const TIMING = { leaseMs: 3000, renewDeadlineMs: 2000, retryMs: 400 } as const;
