// One thing that the sidecar answers by HTTP. Room: agent (door).
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Sidecar } from './loop.ts';

export interface Route {
  readonly method: 'GET' | 'POST';
  /** One that ends with a slash stands for all below it. */
  readonly path: string;
  readonly answer: (sidecar: Sidecar, request: IncomingMessage, response: ServerResponse) => Promise<void> | void;
}
