// Standard output for a server that must not wait for its log: lines are written when the reader takes them, and let go
// when it takes none for long. pino's own destination waits for ever at the end where the reader has gone. Room: telemetry.
import { write } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { DestinationStream } from 'pino';

export interface Output extends DestinationStream {
  /** Resolves when all is written, or after a second: a reader that takes nothing must not stop the end. */
  readonly flush: () => Promise<void>;
}

const HELD_CHARACTERS = 4 * 1024 * 1024;
const FLUSH_MS = 1000;
/** Lines of this long are one write: a write for each costs a tenth of the time of a review. */
const GATHER_MS = 10;
const FULL_MS = 50;

const writeSome = promisify(write);

/** @param fd file descriptor; 1 is standard output */
export function createOutput(fd = 1): Output {
  let waiting = '';
  let lost = 0;
  let writing: Promise<void> | undefined;

  async function writeOn(): Promise<void> {
    while (waiting !== '') {
      await sleep(GATHER_MS);
      const text = lost > 0 ? `${waiting}{"level":40,"msg":"${lost} lines of the log were let go"}\n` : waiting;
      waiting = '';
      lost = 0;
      // A reader that has gone is no reason to end, nor to keep what it would have read.
      await writeAll(fd, Buffer.from(text)).catch(() => undefined);
    }
    writing = undefined;
  }

  return {
    write: (line) => {
      if (waiting.length + line.length > HELD_CHARACTERS) lost++;
      else waiting += line;
      writing ??= writeOn();
    },
    flush: async () => {
      await Promise.race([writing, sleep(FLUSH_MS, undefined, { ref: false })]);
    },
  };
}

async function writeAll(fd: number, bytes: Buffer): Promise<void> {
  for (let rest = bytes; rest.length > 0; ) {
    try {
      const { bytesWritten } = await writeSome(fd, rest);
      rest = rest.subarray(bytesWritten);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      await sleep(FULL_MS);
    }
  }
}
