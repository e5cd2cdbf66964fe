// A logger that keeps its lines, for tests that ask what was said and for those that want no noise.
import { createLogger, type Logger } from '../../src/telemetry/log.ts';

export interface RecordedLog {
  readonly log: Logger;
  /** Each line, parsed. */
  readonly lines: Record<string, unknown>[];
  /** The bytes as they would stand in a pod's log. */
  readonly text: () => string;
}

export function createRecordedLog(): RecordedLog {
  const written: string[] = [];
  const lines: Record<string, unknown>[] = [];
  const destination = {
    write: (line: string) => {
      written.push(line);
      lines.push(JSON.parse(line) as Record<string, unknown>);
    },
  };
  return { log: createLogger('test', destination), lines, text: () => written.join('') };
}
