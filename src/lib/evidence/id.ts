// Names of records: unique in their folder, and sorted as they were written. Room: lib (pure).

const ID = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-[a-z0-9][a-z0-9.-]*$/;
const MAX_LENGTH = 200;

/** @returns Unix milliseconds; undefined where it is no id */
export function timeOfEvidence(id: string): number | undefined {
  const [, year, month, day, hour, minute, second] = (id.length <= MAX_LENGTH && ID.exec(id)) || [];
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? undefined : time;
}

/**
 * `20261121T201533Z-orders-0-weekly`, after all that are taken: where a clock is behind, it is the second after the newest.
 * The chain follows the order of the names, so a name between two others would break it.
 *
 * @param now Unix milliseconds
 * @param taken names in the folder, without `.json`; what is no id does not count
 * @throws Error where there is no time left to name it by
 */
export function nameEvidence(now: number, instance: string, name: string, taken: readonly string[]): string {
  const newest = Math.max(...taken.map((id) => timeOfEvidence(id) ?? 0), 0);
  const time = Math.max(Math.floor(now / 1000) * 1000, newest + 1000);
  const stamp = new Date(time).toISOString().replace(/[-:]|\.\d+/g, '');
  const id = `${stamp}-${toWords(instance)}-${toWords(name)}`.slice(0, MAX_LENGTH);
  if (timeOfEvidence(id) !== time)
    throw new Error(`"${id}" is no name of a record; the newest one there is of ${newest}`);
  return id;
}

/** May it be of a drill or a Restore of that name? One that was cut may be anybody's. */
export function mayBeOf(id: string, name: string): boolean {
  return timeOfEvidence(id) !== undefined && (id.length === MAX_LENGTH || id.endsWith(`-${toWords(name)}`));
}

function toWords(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9.-]+/g, '-');
}
