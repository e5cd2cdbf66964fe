// Reads files that the database could have put there. The sidecar sees secrets that the database does not: a link to one
// must not be followed, and nothing of what was read may come up in an error. Room: agent (door).
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';

/** Far above anything that is read so. */
const MAX_BYTES = 1024 * 1024;

/** @throws Error where it is no regular file; ENOENT where there is none */
export async function readPlainFile(path: string): Promise<Buffer> {
  // Not blocking: a named pipe would be waited for without end.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new Error(`${path} is not a regular file`);
    if (stat.size > MAX_BYTES) throw new Error(`${path} has ${stat.size} bytes, which is too many`);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(stat.size), 0, stat.size, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Undefined where there is none. */
export async function readPlainJson<Value>(path: string): Promise<Value | undefined> {
  try {
    return parse(await readPlainFile(path), basename(path)) as Value;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Node's own message would quote the text. */
function parse(bytes: Buffer, name: string): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new Error(`${name} in the data directory is not JSON`);
  }
}
