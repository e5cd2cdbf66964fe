// Settings that a database has in pg_db_role_setting, as SQL says them again. Room: lib (pure).

/** Lists of names, kept as `"$user", public`: one literal for all of it would be one name. Source: guc_tables.c, GUC_LIST_QUOTE. */
const LISTS = new Set([
  'local_preload_libraries',
  'search_path',
  'session_preload_libraries',
  'shared_preload_libraries',
  'temp_tablespaces',
  'unix_socket_directories',
]);

/** @param setting `name=value`. @returns `"name" to 'value'` for ALTER DATABASE ... SET; nothing of the value is taken for SQL */
export function formatSetting(setting: string): string {
  const at = setting.indexOf('=');
  const [name, value] = [setting.slice(0, at), setting.slice(at + 1)];
  const values = LISTS.has(name.toLowerCase()) ? splitList(value) : [value];
  return `${name.split('.').map(quoteIdentifier).join('.')} to ${values.map(quoteLiteral).join(', ')}`;
}

/** Names with commas between, in double quotes or bare. One empty one where there are none. */
function splitList(value: string): string[] {
  const names = [...value.matchAll(/\s*(?:"((?:[^"]|"")*)"|([^",]+))\s*(?:,|$)/g)];
  const found = names.map(([, quoted, bare = '']) => quoted?.replaceAll('""', '"') ?? bare.trim());
  return found.length === 0 ? [''] : found;
}

export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** As the client does: with a backslash in it, in the form that does not depend on standard_conforming_strings. */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return text.includes('\\') ? ` E${quoted}` : quoted;
}
