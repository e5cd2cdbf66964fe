// When a job has to end. Room: agent (door).

/**
 * Aborted after so many seconds, or where the job is ended from outside; its reason says which.
 * @param what it is that ends, such as `the drill`
 */
export function startDeadline(what: string, seconds: number, outer: AbortSignal | undefined): AbortController {
  const stop = new AbortController();
  setTimeout(
    () => stop.abort(new Error(`${what} was ended at its deadline, after ${seconds} s`)),
    seconds * 1000,
  ).unref();
  const end = () => stop.abort(new Error(`${what} was ended from outside, by its deadline or with its node`));
  outer?.addEventListener('abort', end, { once: true });
  if (outer?.aborted) end();
  return stop;
}

/** Rejects with the signal's reason. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const end = () => reject(signal.reason);
    if (signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
  });
}
