// `walguard restore --in-place`, `--undo` and `--swap`: who replaces a database's data types its name. Room: cli (door).
import { createInterface } from 'node:readline/promises';
import { API_VERSION } from '../api/names.ts';
import type { Restore } from '../api/restore.ts';
import { type Kube, KubeError } from '../kube/client.ts';
import { deriveName } from '../lib/name.ts';

export function isInPlace({ inPlace, undo }: { readonly inPlace?: boolean; readonly undo?: string }): boolean {
  return inPlace === true || undo !== undefined;
}

/** A terminal, as far as it is needed. */
export interface Terminal {
  readonly isTTY: boolean;
  readonly ask: (question: string) => Promise<string>;
}

/** What is confirmed, in words. */
export interface Consequence {
  /** Of the database whose name is typed: what is replaced, and what becomes of it. */
  readonly replaced: string;
  readonly meanwhile: string;
}

export const IN_PLACE: Consequence = { replaced: 'the data of', meanwhile: 'it is down meanwhile' };
export const SWAP: Consequence = { replaced: 'the database', meanwhile: 'its clients are cut off for a moment' };

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
  { replaced, meanwhile }: Consequence,
  terminal: Terminal = realTerminal(),
): Promise<{ readonly problem?: string }> {
  if (given === database) return {};
  if (given !== undefined)
    return { problem: `--confirm is "${given}", and ${replaced} "${database}" would be replaced` };
  if (!terminal.isTTY)
    return {
      problem: `${replaced} "${database}" would be replaced, and kept aside: say --confirm ${database} for that`,
    };
  const question = `${capitalise(replaced)} "${database}" would be replaced, and kept aside; ${meanwhile}. Type its name to go on: `;
  const typed = await terminal.ask(question);
  return typed.trim() === database ? {} : { problem: `"${typed.trim()}" is not "${database}"; nothing is done` };
}

function capitalise(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
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

const MAX_NUMBER = 99;

/**
 * Nobody chooses the name of one that makes no StatefulSet and no claim, and an earlier one to the same moment stays: it is what says
 * how to go back. So the next one gets a number.
 *
 * @returns as it was created
 */
export async function createNumbered(kube: Pick<Kube, 'create'>, wanted: Restore): Promise<Restore> {
  const first = wanted.metadata.name ?? '';
  for (let number = 1; ; number++) {
    const name = number === 1 ? first : deriveName(first, String(number));
    try {
      return await kube.create({ ...wanted, metadata: { ...wanted.metadata, name } });
    } catch (error) {
      if (!(error instanceof KubeError && error.status === 409) || number === MAX_NUMBER) throw error;
    }
  }
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
