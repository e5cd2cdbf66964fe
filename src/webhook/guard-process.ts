// What happens to errors that nobody caught. A webhook that falls over in the middle of a review makes a deploy fail, so
// neither ends it on the spot. Room: webhook (door).
import type { Logger } from '../telemetry/log.ts';

export interface ProcessGuard {
  /** Given when the process was told to stop, or must be replaced. */
  readonly signal: AbortSignal;
  /** Takes the guard off; throws the error for which the process must be replaced, if there is one. */
  readonly finish: () => void;
}

/**
 * | uncaught  | the state of the process          | what happens                                                      |
 * | rejection | as it was: one task ended early   | logged                                                            |
 * | exception | not known: a callback broke off   | logged; drained as at SIGTERM; ends with code 1 and starts anew   |
 */
export function guardProcess(log: Logger, stop: AbortSignal): ProcessGuard {
  const broken = new AbortController();
  let first: Error | undefined;
  const onRejection = (reason: unknown) => log.error(describe(reason), 'a promise was rejected and nobody looked');
  const onException = (error: Error) => {
    log.fatal(describe(error), 'an exception was not caught; this replica drains and starts anew');
    first ??= error;
    broken.abort();
  };
  process.on('unhandledRejection', onRejection);
  process.on('uncaughtException', onException);
  return {
    signal: AbortSignal.any([stop, broken.signal]),
    finish: () => {
      process.off('unhandledRejection', onRejection);
      process.off('uncaughtException', onException);
      if (first) throw first;
    },
  };
}

function describe(reason: unknown): { error: string; stack?: string | undefined } {
  return reason instanceof Error ? { error: reason.message, stack: reason.stack } : { error: String(reason) };
}
