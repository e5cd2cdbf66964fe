// What a container's command starts, as far as it can be read. Room: flavour (pure).
import type { Container } from '../api/kubernetes.ts';

/**
 * image: what the image starts by itself, perhaps with options. server: Postgres, which takes further options. supervisor:
 * what runs Postgres and has options of its own. shell: a script in the command; whether it starts a server is in
 * `startsServer`. other: any other program.
 */
export type Start =
  | { readonly kind: 'image' }
  | { readonly kind: 'server' }
  | { readonly kind: 'supervisor' }
  | { readonly kind: 'shell'; readonly startsServer: boolean }
  | { readonly kind: 'other'; readonly program: string };

const SHELLS = new Set(['sh', 'bash', 'ash', 'dash']);
/** They run the command after them: how many words of their own stand before it, options and variables aside. */
const WRAPPERS: ReadonlyMap<string, number> = new Map([
  ['env', 0],
  ['tini', 0],
  ['dumb-init', 0],
  ['exec', 0],
  ['gosu', 1],
  ['su-exec', 1],
]);
const ENTRYPOINT = 'docker-entrypoint.sh';
const SERVERS = new Set(['postgres', 'postmaster', 'patroni', 'stolon-keeper', 'pg_autoctl', 'run-postgresql']);

/** Where a command begins in a script. */
const BEGIN = String.raw`(?:^|[;&|(\n]|\{\s|\b(?:exec|then|do|else)\s|\b(?:su|runuser)\s[^'"\n]{0,99}['"])\s{0,99}`;
/** What may stand before the program: variables, and programs that run it. */
const BEFORE = String.raw`(?:(?:\w+=\S*|exec|env|(?:gosu|su-exec)\s+\S+|(?:ba|da|a)?sh|tini|dumb-init|nohup|--|-[isg])\s+){0,9}`;
/** By its name or path; what has a colon or an @ is a URL. */
const PROGRAM = String.raw`(?:[^\s:@()]{0,199}\/)?(?:(?:postgres|postmaster|patroni|stolon-keeper|pg_autoctl)(?!\s+(?:--version|-V))|docker-entrypoint\.sh(?=\s*(?:$|[;&|])|\s+["']?(?:[-$]|(?:\S*\/)?postgres\b))|pg_ctl(?=[^;&|\n]{0,199}\sstart\b)|pg_ctlcluster)`;
const SERVER_CALL = new RegExp(`${BEGIN}${BEFORE}${PROGRAM}(?=[\\s;&|)'"]|$)`, 'm');

/** So much of a script is read: it is looked at in the path of every admission. */
const READ = 32_768;

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** All words that the container starts with, where it says so itself. */
export function wordsOf({ command, args }: Container): string[] {
  return [...(command ?? []), ...(args ?? [])].map(String);
}

export function readStart(container: Container): Start {
  const hasCommand = (container.command ?? []).length > 0;
  const words = wordsOf(container);
  if (words.length === 0 || (!hasCommand && words[0]?.startsWith('-'))) return { kind: 'image' };
  return readWords(words);
}

function readWords([first = '', ...rest]: readonly string[]): Start {
  const program = baseName(first);
  if (program === ENTRYPOINT) return readStartOfEntrypoint(rest);
  if (SERVERS.has(program)) return { kind: 'server' };
  if (SHELLS.has(program)) return { kind: 'shell', startsServer: shellStartsServer(rest) };
  const own = WRAPPERS.get(program);
  if (own !== undefined) return { kind: 'shell', startsServer: isServer(readWords(wrapped(rest, own))) };
  return { kind: 'other', program };
}

export function isServer(start: Start): boolean {
  return start.kind === 'server' || (start.kind === 'shell' && start.startsServer);
}

/** `-c script`, or a script's file and its arguments. */
function shellStartsServer(words: readonly string[]): boolean {
  const flag = words.findIndex((word) => /^-\w*c$/.test(word));
  if (flag >= 0) return SERVER_CALL.test((words[flag + 1] ?? '').slice(0, READ).replaceAll('\\\n', ' '));
  const file = words.findIndex((word) => !word.startsWith('-'));
  return file >= 0 && isServer(readWords(words.slice(file)));
}

function wrapped(words: readonly string[], own: number): readonly string[] {
  const at = words.findIndex((word) => !word.startsWith('-') && !/^\w+=/.test(word));
  return at < 0 ? [] : words.slice(at + own);
}

/** The official entrypoint starts the server for `postgres ...` and for options, and runs anything else as it is. */
function readStartOfEntrypoint(words: readonly string[]): Start {
  const [first] = words;
  return first === undefined || first.startsWith('-') ? { kind: 'server' } : readWords(words);
}
