// What pg_controldata prints, in the C locale. Room: lib (pure).

export interface ControlData {
  readonly systemIdentifier: string;
  /** Such as `shut down`, `in production`. */
  readonly state: string;
  readonly hasChecksums: boolean;
  readonly maxPreparedTransactions: number;
}

/** @throws Error where one of the lines is missing: then it is no output of pg_controldata */
export function parseControlData(text: string): ControlData {
  const lines = new Map(
    text.split('\n').flatMap((line): [string, string][] => {
      const [, name, value] = /^([^:]+):\s*(.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value]];
    }),
  );
  const read = (name: string) => {
    const value = lines.get(name);
    if (value === undefined) throw new Error(`pg_controldata says nothing of "${name}": ${text.slice(0, 200)}`);
    return value;
  };
  return {
    systemIdentifier: read('Database system identifier'),
    state: read('Database cluster state'),
    hasChecksums: read('Data page checksum version') !== '0',
    maxPreparedTransactions: Number(read('max_prepared_xacts setting')),
  };
}
