import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escapeHtml, html, raw } from '../../src/lib/html.ts';
import { toPrintable, toPrintableLine } from '../../src/lib/printable.ts';

test('what would steer a terminal is seen instead', () => {
  assert.equal(toPrintable('\u001b[2J'), '\\u{1b}[2J');
  assert.equal(toPrintable('a\rb\u0000\u007f\u009b'), 'a\\u{d}b\\u{0}\\u{7f}\\u{9b}');
  assert.equal(
    toPrintable('abc\u202edef\u2066\u200b\ufeff\u{e0001}'),
    'abc\\u{202e}def\\u{2066}\\u{200b}\\u{feff}\\u{e0001}',
  );
  assert.equal(toPrintable('\ud800'), '\ufffd');
});

test('what people write stays', () => {
  const text = 'größer 美 🙂 a\tb\nc';
  assert.equal(toPrintable(text), text);
  assert.equal(toPrintableLine('a \n\t b\nc'), 'a b c');
});

test('values are text, unless they are HTML', () => {
  assert.equal(escapeHtml(`<a href="x" b='y'>&`), '&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;');
  const inner = html`<b>${'<i>'}</b>`;
  assert.equal(
    html`<p title="${'"'}">${inner}${[inner, 'x', 1]}${undefined}</p>`.text,
    `<p title="&quot;"><b>&lt;i&gt;</b><b>&lt;i&gt;</b>x1</p>`,
  );
  assert.equal(html`${raw('<hr>')}`.text, '<hr>');
});

test('an object that only looks like HTML is none', () => {
  assert.throws(() => html`${{ text: '<script>' } as never}`);
});
