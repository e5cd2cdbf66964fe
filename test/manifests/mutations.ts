// Every small way in which a manifest can be broken: each field left out, and each value replaced by an empty one.

export interface Mutation {
  /** What was done, for the message of a failure. */
  readonly change: string;
  readonly object: unknown;
}

const EMPTIES = [null, '', 0, [], {}] as const;

export function* mutate(object: object): Generator<Mutation> {
  for (const path of listPaths(object)) {
    const name = path.join('.');
    yield { change: `without ${name}`, object: change(object, path, remove) };
    for (const empty of EMPTIES) {
      const replace: Change = (owner, key) => Reflect.set(owner, key, structuredClone(empty));
      yield { change: `${name} = ${JSON.stringify(empty)}`, object: change(object, path, replace) };
    }
  }
}

type Change = (owner: object, key: string) => unknown;

function* listPaths(value: unknown, path: readonly string[] = []): Generator<readonly string[]> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    yield [...path, key];
    yield* listPaths(inner, [...path, key]);
  }
}

function remove(owner: object, key: string): void {
  if (Array.isArray(owner)) owner.splice(Number(key), 1);
  else Reflect.deleteProperty(owner, key);
}

function change(object: object, path: readonly string[], act: Change): object {
  const copy = structuredClone(object);
  const owner = path.slice(0, -1).reduce<object>((each, key) => Reflect.get(each, key), copy);
  act(owner, path.at(-1) ?? '');
  return copy;
}
