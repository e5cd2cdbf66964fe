// Progress, reports and errors go to stderr, so that stdout is data alone. Room: cli (door).

export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Resolves when all that was written has left the process: what a pipe has not taken by its end would be lost. */
export async function flushOutput(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise<void>((resolve) => {
      // A reader that has gone, such as `head`, wants no more.
      stream.once('error', () => resolve());
      stream.write('', () => resolve());
    });
  }
}
