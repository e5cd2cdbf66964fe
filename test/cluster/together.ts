// Steps side by side that end together: when one fails the others are told to stop, and are waited for.
import type { Context } from './context.ts';

export async function together<Results extends readonly unknown[]>(
  context: Context,
  ...works: { [Index in keyof Results]: (context: Context) => Promise<Results[Index]> }
): Promise<Results> {
  const controller = new AbortController();
  const signal = AbortSignal.any([context.signal, controller.signal]);
  let first: unknown;
  const running = works.map((work) =>
    work({ ...context, signal }).catch((error: unknown) => {
      if (!controller.signal.aborted) first = error;
      controller.abort(error);
      throw error;
    }),
  );
  const settled = await Promise.allSettled(running);
  if (settled.some(({ status }) => status === 'rejected')) throw first;
  return settled.map((result) => (result as PromiseFulfilledResult<unknown>).value) as unknown as Results;
}
