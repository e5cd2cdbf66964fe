// What every step of the cluster tool is handed: where to report, and how it learns that it was interrupted.

export type Log = (line: string) => void;

export interface Context {
  readonly log: Log;
  readonly signal: AbortSignal;
}

export const logToStderr: Log = (line) => {
  process.stderr.write(`${line}\n`);
};

export function buildContext(log: Log = logToStderr, signal: AbortSignal = new AbortController().signal): Context {
  return { log, signal };
}

/** Runs `work` so that Ctrl-C or a termination request aborts its steps instead of leaving half of them behind. */
export async function interruptible<Result>(log: Log, work: (context: Context) => Promise<Result>): Promise<Result> {
  const controller = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => {
    log(`${signal}: stopping and cleaning up ...`);
    controller.abort(new Error(`interrupted by ${signal}`));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    return await work({ log, signal: controller.signal });
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}
