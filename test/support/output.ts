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
    process[name].write = ((text: string | Uint8Array) => {
      caught[name] += String(text);
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
