// Random numbers that a seed repeats, values that nobody expects, and JSON with some of its parts replaced by them.

export interface Random {
  /** 0 to below 1. */
  readonly next: () => number;
  /** 0 to below n. */
  readonly below: (n: number) => number;
  readonly pick: <T>(from: readonly T[]) => T;
  readonly chance: (probability: number) => boolean;
}

/** mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (n: number) => Math.floor(next() * n);
  return {
    next,
    below,
    pick: (from) => from[below(from.length)] as (typeof from)[number],
    chance: (probability) => next() < probability,
  };
}

const TEXTS = [
  '',
  ' ',
  '\u0000',
  '__proto__',
  'constructor',
  '\ud800',
  '🦥'.repeat(100),
  '../../etc/passwd',
  '{{ .Values }}',
  '$(POSTGRES_PASSWORD)',
  'postgres',
  'postgres:',
  '@sha256:',
  'walguard',
  '/walguard',
  'standard',
  '-c archive_mode=on',
  "'; --",
  '2026-02-31',
  '99999999999999999999999',
  'true',
];

/** Repeated, each of these makes a careless regular expression or parser go over the whole text again and again. */
const STUTTERS = [
  'a',
  ' ',
  '"',
  "'",
  '\\',
  '$(',
  '$$(',
  '-c ',
  '/',
  '=',
  '\n',
  '{',
  '[',
  '`',
  '&& ',
  '0',
  '-',
  '.',
  '@',
  ':',
];

const NUMBERS = [0, -0, -1, 1, 0.5, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, 2 ** 64, 1e308, -1e308, 5e-324];

export const PROTOTYPE_KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'then',
  'toJSON',
  'length',
];

/** @param longest of a text that stutters */
export function makeValue(random: Random, longest: number, depth = 0): unknown {
  switch (random.below(depth > 3 ? 5 : 8)) {
    case 0:
      return null;
    case 1:
      return random.chance(0.5);
    case 2:
      return random.pick(NUMBERS);
    case 3:
      return random.pick(TEXTS);
    case 4:
      return random.pick(STUTTERS).repeat(1 + random.below(longest));
    case 5:
      return Array.from({ length: random.below(4) }, () => makeValue(random, longest, depth + 1));
    default: {
      const entries = Array.from({ length: random.below(4) }, () => [
        random.pick(random.chance(0.3) ? PROTOTYPE_KEYS : TEXTS),
        makeValue(random, longest, depth + 1),
      ]);
      // Not as a literal: there __proto__ would be no key.
      return Object.fromEntries(entries);
    }
  }
}

/** Replaces, removes, doubles or adds something, at any depth; in place. */
export function mutate(root: object, random: Random, longest: number): void {
  let parent = root as Record<string, unknown> | unknown[];
  for (;;) {
    const keys = Object.keys(parent);
    const key = random.pick(keys) ?? 'added';
    const child = (parent as Record<string, unknown>)[key];
    if (typeof child === 'object' && child !== null && Object.keys(child).length > 0 && random.chance(0.85)) {
      parent = child as typeof parent;
      continue;
    }
    change(parent, key, random, longest);
    return;
  }
}

function change(parent: Record<string, unknown> | unknown[], key: string, random: Random, longest: number): void {
  const kind = random.below(10);
  if (kind === 0) {
    if (Array.isArray(parent)) parent.splice(Number(key) || 0, 1);
    else delete parent[key];
  } else if (kind === 1 && Array.isArray(parent)) {
    parent.push(...parent.slice(0, 50));
  } else if (kind === 2) {
    define(parent, random.pick(PROTOTYPE_KEYS), makeValue(random, longest));
  } else {
    define(parent, key, makeValue(random, longest));
  }
}

function define(parent: object, key: string, value: unknown): void {
  if (Array.isArray(parent) && !/^\d+$/.test(key)) parent.push(value);
  else Object.defineProperty(parent, key, { value, enumerable: true, configurable: true, writable: true });
}
