// Sizes as Kubernetes writes them. Room: lib (pure).

const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** Bytes of `50Gi`, `1.5T`, `1e9` or `123`; undefined of what is no size. */
export function parseQuantity(text: string): number | undefined {
  const [, digits = '', suffix = ''] = /^(\d+(?:\.\d+)?(?:[eE]\d{1,2})?)([KMGTPE]i|[kMGTPE])?$/.exec(text) ?? [];
  return digits === '' ? undefined : Number(digits) * (FACTORS[suffix] ?? 1);
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** For a person: three digits at least, such as `1.25 GiB` or `312 KiB`. @param bytes not negative */
export function formatBytes(bytes: number): string {
  const power = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 2 ** (10 * power);
  const digits = power === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[power]}`;
}
