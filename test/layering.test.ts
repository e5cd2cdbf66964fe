// The rooms of src/ and what each may use: the architecture, executable. See the design's one-way layering.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';

const root = dirname(import.meta.dirname);
const PURE = ['api', 'lib', 'flavour', 'policy', 'inject', 'companion', 'health'];
const DOORS = ['webhook', 'controller', 'agent', 'cli'];

/** Rooms that a room may import from, besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  api: [],
  lib: ['api'],
  flavour: ['api', 'lib'],
  policy: ['api', 'lib', 'flavour'],
  inject: ['api', 'lib', 'flavour', 'policy'],
  companion: ['api', 'lib', 'flavour', 'policy', 'inject'],
  health: ['api', 'lib'],
  telemetry: PURE,
  kube: [...PURE, 'telemetry'],
  tools: [...PURE, 'telemetry'],
  manifest: PURE,
  ...Object.fromEntries(DOORS.map((door) => [door, [...PURE, 'telemetry', 'kube', 'tools', 'manifest']])),
  'main.ts': ['api', ...DOORS],
};

/** Packages are used in one place each, so that replacing one touches one room. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  '@kubernetes/client-node': ['kube'],
  ajv: ['policy', 'inject'],
  commander: ['cli'],
  diff: ['cli'],
  express: ['webhook'],
  'fast-json-patch': ['webhook'],
  'json-schema-to-ts': ['api'],
  pg: ['tools'],
  pino: ['telemetry'],
  'prom-client': ['telemetry'],
  selfsigned: ['tools'],
  undici: ['kube', 'controller'],
  // manifest reads it; cli changes it in place.
  yaml: ['manifest', 'cli'],
};

const IMPURE = [
  /\bDate\.now\(/,
  /\bnew Date\(\)/,
  /\bprocess\./,
  /\bconsole\./,
  /\bawait\b/,
  /\bMath\.random\(/,
  /\bperformance\./,
];

interface Import {
  readonly file: string;
  readonly room: string;
  readonly target: string;
}

const files = globSync('src/**/*.ts', { cwd: root }).sort();

function roomOf(path: string): string {
  return path.split('/')[1] ?? '';
}

function listImports(): Import[] {
  return files.flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return [...text.matchAll(/(?:from|import)\s+'([^']+)'/g)].map((match) => {
      const target = match[1] ?? '';
      return {
        file,
        room: roomOf(file),
        target: target.startsWith('.') ? normalize(join(dirname(file), target)) : target,
      };
    });
  });
}

test('there are files to look at', () => assert.ok(files.length > 30));

test('src holds nothing but TypeScript and its README: leftovers of a tool do not belong there', () => {
  const all = globSync('src/**/*.*', { cwd: root });
  assert.deepEqual(
    all.filter((file) => !file.endsWith('.ts') && file !== 'src/README.md'),
    [],
  );
});

test('every room is known', () => {
  assert.deepEqual(
    files.filter((file) => !(roomOf(file) in MAY_IMPORT)),
    [],
  );
});

test('imports go one way between rooms, and doors never import one another', () => {
  const wrong = listImports().filter(({ room, target }) => {
    if (!target.startsWith('src/')) return false;
    const other = roomOf(target);
    return other !== room && !MAY_IMPORT[room]?.includes(other);
  });
  assert.deepEqual(wrong, []);
});

test('packages are declared and stay in their rooms', () => {
  const wrong = listImports().filter(({ room, target }) => {
    if (target.startsWith('src/') || target.startsWith('node:')) return false;
    return !PACKAGES[target]?.includes(room);
  });
  assert.deepEqual(wrong, []);
});

test('pure rooms use no node:* module, no clock, no environment, no promise', () => {
  const modules = listImports().filter(({ room, target }) => PURE.includes(room) && target.startsWith('node:'));
  assert.deepEqual(modules, []);
  const words = files
    .filter((file) => PURE.includes(roomOf(file)))
    .flatMap((file) => {
      const text = readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      return IMPURE.filter((pattern) => pattern.test(text)).map((pattern) => `${file}: ${pattern}`);
    });
  assert.deepEqual(words, []);
});

test('processes are started in tools/exec.ts alone, and the process ends in main.ts alone', () => {
  const starting = listImports()
    .filter(({ target }) => target === 'node:child_process')
    .map(({ file }) => file);
  assert.deepEqual([...new Set(starting)], ['src/tools/exec.ts']);
  const exiting = files.filter((file) => readFileSync(join(root, file), 'utf8').includes('process.exit('));
  assert.deepEqual(exiting, ['src/main.ts']);
});

test('no file imports itself in a circle', () => {
  const graph = Map.groupBy(
    listImports().filter(({ target }) => target.startsWith('src/')),
    ({ file }) => file,
  );
  const visit = (file: string, path: readonly string[]): string[] => {
    if (path.includes(file)) return [...path, file];
    return (graph.get(file) ?? []).flatMap(({ target }) => visit(target, [...path, file])).slice(0, 12);
  };
  const done = new Set<string>();
  for (const file of files) {
    if (!done.has(file)) assert.deepEqual(visit(file, []), []);
    done.add(file);
  }
});
