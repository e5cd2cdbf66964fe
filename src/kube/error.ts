// An answer of the API server that is a refusal. Room: kube.

export interface Refusal {
  readonly isDenial?: boolean;
  readonly retryAfterMs?: number;
}

/** An answer of the API server other than 2xx. `status` is the HTTP code. */
export class KubeError extends Error {
  readonly status: number;
  /** Denied by an admission webhook, not for want of a right: the message is for the person who asked. */
  readonly isDenial: boolean;
  /** When it wants to be asked again, where it said so. */
  readonly retryAfterMs: number | undefined;
  constructor(status: number, message: string, { isDenial = false, retryAfterMs }: Refusal = {}) {
    super(message);
    this.status = status;
    this.isDenial = isDenial;
    this.retryAfterMs = retryAfterMs;
  }
}
