// Durations as the API writes them: 60s, 15m, 6h, 7d. Room: lib (pure).

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** Seconds of a duration such as "15m"; throws on anything else, saying what is accepted. */
export function parseDurationSeconds(text: string): number {
  const match = /^([1-9][0-9]*)(s|m|h|d)$/.exec(text);
  if (!match) throw new Error(`"${text}" is no duration; write a whole number and s, m, h or d, such as 60s or 15m`);
  return Number(match[1]) * SECONDS[match[2] as keyof typeof SECONDS];
}

const UNITS = ['d', 'h', 'm', 's'] as const;

/** In at most two units, as people say it: 31d 1h, 47m, 0s. Parts of a second are left out. */
export function formatDurationSeconds(seconds: number): string {
  const parts: string[] = [];
  let rest = Math.floor(seconds);
  for (const unit of UNITS) {
    const count = Math.floor(rest / SECONDS[unit]);
    rest -= count * SECONDS[unit];
    if (count > 0) parts.push(`${count}${unit}`);
  }
  return parts.slice(0, 2).join(' ') || '0s';
}

/** A duration as the API takes it, rounded up to what a person would write: days from two days on, else the largest unit. */
export function toDuration(seconds: number): string {
  const unit = UNITS.find((each) => seconds % SECONDS[each] === 0) ?? 's';
  const fits = seconds <= 2 * SECONDS.d ? unit : 'd';
  return `${Math.ceil(seconds / SECONDS[fits])}${fits}`;
}
