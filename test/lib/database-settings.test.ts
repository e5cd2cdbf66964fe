import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSetting, quoteIdentifier, quoteLiteral } from '../../src/lib/database-settings.ts';

const ROWS = [
  ['work_mem=7MB', `"work_mem" to '7MB'`],
  ['application_name=', `"application_name" to ''`],
  ["application_name=it's = odd", `"application_name" to 'it''s = odd'`],
  ['my.own=a, b', `"my"."own" to 'a, b'`],
  ['search_path="$user", public', `"search_path" to '$user', 'public'`],
  ['search_path="a ""b"", c"', `"search_path" to 'a "b", c'`],
  ['search_path=a;drop,b', `"search_path" to 'a;drop', 'b'`],
  ['search_path=""', `"search_path" to ''`],
  ['search_path=', `"search_path" to ''`],
  ['session_preload_libraries=auto_explain', `"session_preload_libraries" to 'auto_explain'`],
] as const;

for (const [setting, sql] of ROWS) {
  test(`${setting}: ${sql}`, () => assert.equal(formatSetting(setting), sql));
}

test('names and texts stay one word of SQL, whatever is in them', () => {
  assert.equal(quoteIdentifier('a"b'), '"a""b"');
  assert.equal(quoteLiteral("it's"), "'it''s'");
  assert.equal(quoteLiteral("a\\'b"), " E'a\\\\''b'");
});
