// `walguard restore --in-place` and `--undo`: who replaces a database's data types its name. Room: cli (door).
import { createInterface } from 'node:readline/promises';
import { API_VERSION } from '../api/names.ts';
import type { Restore } from '../api/restore.ts';
import type { Kube } from '../kube/client.ts';

export function isInPlace({ inPlace, undo }: { readonly inPlace?: boolean; readonly undo?: string }): boolean {
  return inPlace === true || undo !== undefined;
}

/** A terminal, as far as it is needed. */
export interface Terminal {
  readonly isTTY: boolean;
  readonly ask: (question: string) => Promise<string>;
}

/**
 * | --confirm   | terminal | typed    | goes on                     |
 * | the name    |          |          | yes                         |
 * | another     |          |          | no: that is not the name    |
 * | none        | no       |          | no: say --confirm           |
 * | none        | yes      | the name | yes                         |
 * | none        | yes      | another  | no: nothing is done         |
 *
 * @param given what --confirm says
 */
export async function confirm(
  database: string,
  given: string | undefined,
  terminal: Terminal = realTerminal(),
): Promise<{ readonly problem?: string }> {
  if (given === database) return {};
  if (given !== undefined)
    return { problem: `--confirm is "${given}", and the database whose data are replaced is "${database}"` };
  if (!terminal.isTTY)
    return { problem: `the data of "${database}" are replaced, and kept aside: say --confirm ${database} for that` };
  const question = `The data of "${database}" are replaced, and kept aside on its volume; it is down meanwhile. Type its name to go on: `;
  const typed = await terminal.ask(question);
  return typed.trim() === database ? {} : { problem: `"${typed.trim()}" is not "${database}"; nothing is done` };
}

function realTerminal(): Terminal {
  return {
    isTTY: process.stdin.isTTY === true && process.stderr.isTTY === true,
    ask: async (question) => {
      const lines = createInterface({ input: process.stdin, output: process.stderr });
      return lines.question(question).finally(() => lines.close());
    },
  };
}

/** Name of the database whose data a Restore replaced; undefined where there is no such Restore. */
export async function findUndone(
  kube: Pick<Kube, 'get'>,
  namespace: string,
  undo: string,
): Promise<string | undefined> {
  const ref = { apiVersion: API_VERSION, kind: 'Restore', metadata: { name: undo, namespace } };
  return (await kube.get<Restore>(ref))?.spec.source.database;
}
