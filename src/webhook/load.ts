// How much the webhook takes on at a time. What is beyond gets a 429 with Retry-After, on which the API server tries again
// within its own timeout, instead of making all wait. Room: webhook (door).

export interface Limits {
  /** Reviews that are being decided. */
  readonly reviews: number;
  /** Bytes of bodies that are held. */
  readonly bytes: number;
  /** Bytes of one body: the API server takes objects of 3 MiB, and an UPDATE carries two. */
  readonly bodyBytes: number;
}

export const LIMITS: Limits = { reviews: 256, bytes: 64 * 1024 * 1024, bodyBytes: 8 * 1024 * 1024 };

/** Counts what is held. A slow sender holds only what it has sent, so it takes nobody's place. */
export interface Load {
  readonly limits: Limits;
  /** Bytes of a body that has just come in; false where there is no room for them. */
  readonly hold: (bytes: number) => boolean;
  readonly release: (bytes: number) => void;
  /** A review to decide; false where there are too many. */
  readonly enter: () => boolean;
  readonly leave: () => void;
  /** Around each request for a review. */
  readonly begin: () => void;
  readonly end: () => void;
  /** Milliseconds since the last request for a review ended; 0 while one is under way. */
  readonly idleMs: () => number;
}

export function createLoad(limits: Limits = LIMITS): Load {
  let held = 0;
  let reviews = 0;
  let requests = 0;
  let lastEnd = performance.now();
  return {
    limits,
    hold: (bytes) => {
      if (held + bytes > limits.bytes) return false;
      held += bytes;
      return true;
    },
    release: (bytes) => {
      held -= bytes;
    },
    enter: () => {
      if (reviews >= limits.reviews) return false;
      reviews++;
      return true;
    },
    leave: () => {
      reviews--;
    },
    begin: () => {
      requests++;
    },
    end: () => {
      requests--;
      lastEnd = performance.now();
    },
    idleMs: () => (requests > 0 ? 0 : performance.now() - lastEnd),
  };
}
