// Durations as Go's time.ParseDuration reads them, for what Kubernetes hands on to it. Room: lib (pure).

const NANOSECONDS = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
} as const;

const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/y;

/** Above it an int64 of nanoseconds overflows. */
const LONGEST = 2n ** 63n - 1n;

/** Seconds, of `1h30m`, `-1.5h`, `0`; undefined where Go would refuse it. */
export function parseGoDuration(text: string): number | undefined {
  const unsigned = text.replace(/^[-+]/, '');
  if (unsigned === '0') return 0;
  let total = 0n;
  PART.lastIndex = 0;
  while (PART.lastIndex < unsigned.length) {
    const match = PART.exec(unsigned);
    if (!match) return undefined;
    total += toNanoseconds(match[1] ?? '', match[2] as keyof typeof NANOSECONDS);
  }
  if (unsigned === '' || total > LONGEST) return undefined;
  return (Number(total) / 1e9) * (text.startsWith('-') ? -1 : 1);
}

function toNanoseconds(number: string, unit: keyof typeof NANOSECONDS): bigint {
  const [whole = '', fraction = ''] = number.split('.');
  const scale = 10n ** BigInt(fraction.length);
  return ((BigInt(whole || '0') * scale + BigInt(fraction || '0')) * NANOSECONDS[unit]) / scale;
}
