// An engine whose store is a directory of plain files, for tests of what a clean-up removes and of what goes wrong meanwhile.
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Engine } from '../../src/tools/engine.ts';
import { makeScriptedEngine } from './engines.ts';
import { makeTempDir } from './temp.ts';

export interface DirectoryStore {
  readonly engine: Engine;
  readonly put: (path: string, text: string) => Promise<void>;
  /** As if it had been stored so many minutes ago. */
  readonly age: (path: string, minutesAgo: number) => Promise<void>;
  /** Paths below the prefix. */
  readonly list: () => Promise<string[]>;
}

const LISTING = `
  printf 'type\\tsize\\tlast modified\\tname\\n'
  find . -type f -exec stat -c 'obj	%s	%Y	%n' {} + | while read -r kind size seconds name; do
    printf 'obj\\t%s\\t%s\\t%s\\n' "$size" "$(date -u -d "@$seconds" +%Y-%m-%dT%H:%M:%SZ)" "\${name#./}"
  done`;

/** @param onRemove lines of sh before an object goes, of which `$3` is the path */
export async function makeDirectoryStore(context: TestContext, onRemove = ''): Promise<DirectoryStore> {
  const directory = await makeTempDir(context);
  const script = `
cd ${directory} || { echo 'connection refused' >&2; exit 70; }
case "$1 $2" in
  'st ls') ${LISTING} ;;
  'st cat') cat "$3" ;;
  'st rm') ${onRemove}
    rm -r "$3" || { echo "object or folder $3 does not exist" >&2; exit 1; } ;;
  *) echo "no such call: $*" >&2; exit 64 ;;
esac`;
  const engine = await makeScriptedEngine(await makeTempDir(context), script);
  return {
    engine,
    put: async (path, text) => {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await writeFile(join(directory, path), text);
    },
    age: (path, minutesAgo) => {
      const time = new Date(Date.now() - minutesAgo * 60_000);
      return utimes(join(directory, path), time, time);
    },
    list: async () => {
      const found = await readdir(directory, { recursive: true, withFileTypes: true });
      const files = found.filter((each) => each.isFile());
      return files.map(({ parentPath, name }) => join(parentPath, name).slice(directory.length + 1)).sort();
    },
  };
}
