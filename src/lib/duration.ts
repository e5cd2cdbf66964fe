// Durations as the API writes them: 60s, 15m, 6h, 7d. Room: lib (pure).

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** Seconds of a duration such as "15m"; throws on anything else, saying what is accepted. */
export function parseDurationSeconds(text: string): number {
  const match = /^([1-9][0-9]*)(s|m|h|d)$/.exec(text);
  if (!match) throw new Error(`"${text}" is no duration; write a whole number and s, m, h or d, such as 60s or 15m`);
  return Number(match[1]) * SECONDS[match[2] as keyof typeof SECONDS];
}
