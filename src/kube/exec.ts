// One command in a container, to its end, by the API server's exec. Room: kube.
import { Writable } from 'node:stream';
import { Exec, type KubeConfig, type V1Status } from '@kubernetes/client-node';
import { KubeError } from './error.ts';

export interface ExecTarget {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly command: readonly string[];
}

export interface ExecLimits {
  readonly signal: AbortSignal;
  /** Of the whole call. */
  readonly timeoutMs: number;
  /** Of stdout and stderr together; more than that ends the call. */
  readonly maxBytes: number;
}

export interface ExecResult {
  /** Of the command. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Rejects where the command did not run to its end: KubeError where the API server refuses it, with status 0 where the
 * connection told no status; the signal's reason; an Error at the deadline or when there is too much output.
 */
export async function execInPod(config: KubeConfig, target: ExecTarget, limits: ExecLimits): Promise<ExecResult> {
  const { namespace, pod, container, command } = target;
  const ended = Promise.withResolvers<number>();
  // It may reject before anybody waits for it.
  ended.promise.catch(() => undefined);
  const release = endWith(limits, `${namespace}/${pod}`, ended);
  const output = collectOutput(limits.maxBytes, () =>
    ended.reject(new Error(`${pod} answered with more than ${limits.maxBytes} bytes`)),
  );
  const [stdout, stderr] = [output(), output()];
  const connecting = new Exec(config).exec(
    namespace,
    pod,
    container,
    [...command],
    stdout.stream,
    stderr.stream,
    null,
    false,
    (status) => settle(status, ended),
  );
  try {
    const socket = await Promise.race([connecting.catch(refuse(`exec in ${namespace}/${pod}`)), ended.promise]);
    if (typeof socket === 'object')
      socket.onclose = () =>
        ended.reject(new Error(`the connection to ${namespace}/${pod} broke before the command ended`));
    return { code: await ended.promise, stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    release();
    // Also one that comes to be only now.
    connecting.then((socket) => socket.close()).catch(() => undefined);
  }
}

/** Each call makes one more stream; the bytes of all are counted together. */
function collectOutput(maxBytes: number, onTooMuch: () => void) {
  let left = maxBytes;
  return () => {
    const chunks: Buffer[] = [];
    const stream = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        left -= chunk.length;
        if (left < 0) onTooMuch();
        else chunks.push(chunk);
        done();
      },
    });
    return { stream, text: () => Buffer.concat(chunks).toString('utf8') };
  };
}

/** At the deadline, or by the signal. @returns what lets go of both */
function endWith({ signal, timeoutMs }: ExecLimits, where: string, ended: PromiseWithResolvers<number>): () => void {
  const any = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const stop = () => {
    const late = new Error(`no end of the command in ${where} after ${timeoutMs / 1000} s`);
    ended.reject(signal.aborted ? (signal.reason as Error) : late);
  };
  any.addEventListener('abort', stop, { once: true });
  if (any.aborted) stop();
  return () => any.removeEventListener('abort', stop);
}

/** The status of an exec: Success, NonZeroExitCode with the code among its causes, or what kept it from running. */
function settle(status: V1Status, ended: PromiseWithResolvers<number>): void {
  const exit = status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
  const code = status.status === 'Success' ? '0' : exit;
  if (code !== undefined) ended.resolve(Number(code));
  else ended.reject(new KubeError(status.code ?? 0, status.message ?? 'the command could not be run'));
}

/** The WebSocket's client tells of a refusal by an event with these words, and nothing else of it. */
function refuse(what: string): (error: unknown) => never {
  return (error) => {
    const { message } = error as Error;
    const status = Number(/Unexpected server response: (\d{3})/.exec(message)?.[1] ?? 0);
    throw new KubeError(status, `${what}: ${message}`);
  };
}
