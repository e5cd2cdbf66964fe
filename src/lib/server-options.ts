// Options on a Postgres server's command line: -c name=value, -cname=value, --name=value, -p port, -D directory.
// Source: postgres(1). Room: lib (pure).

export interface ServerOption {
  /** As Postgres calls the setting: small letters, underscores. */
  readonly name: string;
  readonly value: string;
  /** Of the word that holds the name, in the list. */
  readonly index: number;
}

const SHORT: Readonly<Record<string, string>> = { D: 'data_directory', p: 'port', h: 'listen_addresses' };

/** In their order; the last one of a name wins. Words that are no options are passed over. */
export function listServerOptions(words: readonly string[]): ServerOption[] {
  const options: ServerOption[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = String(words[index]);
    const [, letter = '', joined = ''] = /^-([cDph])(.*)$/s.exec(word) ?? [];
    if (letter !== '') {
      const at = index;
      if (joined === '') index++;
      const text = (joined === '' ? String(words[index] ?? '') : joined).trimStart();
      if (letter !== 'c') options.push({ name: SHORT[letter] ?? letter, value: text, index: at });
      else options.push(...parseSetting(text, index));
    } else if (word.startsWith('--')) options.push(...parseSetting(word.slice(2), index));
  }
  return options;
}

function parseSetting(text: string, index: number): ServerOption[] {
  const [, name, value = ''] = /^([\w.-]+)=(.*)$/s.exec(text) ?? [];
  return name === undefined ? [] : [{ name: name.toLowerCase().replaceAll('-', '_'), value, index }];
}
