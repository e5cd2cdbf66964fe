// Requests to the engine's daemon, as its client sends them.
import { buildMessage, MESSAGE, type Message } from '../../src/tools/daemon-protocol.ts';

/** A single argument is the body itself. */
export function pushMessage(name: string): Message {
  return buildMessage(MESSAGE.push, Buffer.from(name));
}

/** Each argument with its length before it. */
export function fetchMessage(...args: string[]): Message {
  const parts = args.map((arg) => {
    const text = Buffer.from(arg);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(text.length);
    return Buffer.concat([length, text]);
  });
  return buildMessage(MESSAGE.fetch, Buffer.concat([Buffer.from([args.length]), ...parts]));
}
