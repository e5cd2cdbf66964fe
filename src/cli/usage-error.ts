// Options that do not go together: the usage is said, and nothing is done. Room: cli (door).

export class UsageError extends Error {}
