// Generated blocks inside a page that people write: each stands between two marks, and the rest is left as it is.

const END = '<!-- end of generated -->';

export function markOf(name: string): string {
  return `<!-- generated: ${name}; npm run generate -->`;
}

/** The page with every block filled in; throws where a mark is missing, or where one has no block. */
export function fillBlocks(page: string, blocks: Readonly<Record<string, string>>): string {
  const marks = [...page.matchAll(/^<!-- generated: ([^;]+); .*-->$/gm)].map(([, name]) => name ?? '');
  const wanted = Object.keys(blocks);
  const wrong = [...wanted.filter((name) => !marks.includes(name)), ...marks.filter((name) => !wanted.includes(name))];
  if (wrong.length > 0 || new Set(marks).size < marks.length) {
    throw new Error(`the marks of the page are ${marks.join(', ') || 'none'}, and the blocks are ${wanted.join(', ')}`);
  }
  return wanted.reduce((text, name) => fillBlock(text, name, blocks[name] ?? ''), page);
}

function fillBlock(page: string, name: string, block: string): string {
  const [before = '', after = ''] = page.split(`${markOf(name)}\n`);
  const end = after.indexOf(END);
  if (end < 0) throw new Error(`the block ${name} has no "${END}"`);
  return `${before}${markOf(name)}\n\n${block.trim()}\n\n${after.slice(end)}`;
}

/** One row; a bar in a cell would end it. */
export function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(...head), `|${'---|'.repeat(head.length)}`, ...rows.map((cells) => row(...cells))].join('\n');
}

/** What stands in angle brackets would be taken for a tag; between backticks it is not. */
export function escapeText(text: string): string {
  return text
    .split('`')
    .map((part, index) => (index % 2 === 0 ? part.replaceAll('<', '\\<') : part))
    .join('`');
}
