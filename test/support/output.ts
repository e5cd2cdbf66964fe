// What a function writes to stdout and stderr while it runs, caught instead of shown.

export interface Captured<T> {
  readonly result: T;
  readonly stdout: string;
  readonly stderr: string;
}

type Write = typeof process.stdout.write;

export async function captureOutput<T>(run: () => Promise<T>): Promise<Captured<T>> {
  const caught = { stdout: '', stderr: '' };
  const before = { stdout: process.stdout.write, stderr: process.stderr.write };
  for (const name of ['stdout', 'stderr'] as const) {
    process[name].write = ((text: string | Uint8Array, ...rest: (() => void)[]) => {
      // Bytes are the test runner's own: its report of a test that has ended, which must not get lost.
      if (typeof text !== 'string')
        return (before[name] as (...all: unknown[]) => boolean).call(process[name], text, ...rest);
      caught[name] += text;
      for (const callback of rest) if (typeof callback === 'function') callback();
      return true;
    }) as Write;
  }
  try {
    return { result: await run(), ...caught };
  } finally {
    process.stdout.write = before.stdout;
    process.stderr.write = before.stderr;
  }
}
