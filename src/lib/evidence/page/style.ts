// The page's one style sheet: for light and dark screens, and for black on white paper. Room: lib (pure).

export const STYLE = `
:root { color-scheme: light dark; --ink: #1a1d21; --soft: #59616b; --line: #d5d9de; --paper: #fff; --panel: #f5f6f8;
  --good: #14713b; --bad: #b3201f; --unsure: #8a5a00; --bar: #3a6ea5; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --soft: #a2abb5; --line: #3b424a; --paper: #15181c; --panel: #1e2329;
  --good: #5fcf8c; --bad: #ff8a85; --unsure: #e8b95a; --bar: #6aa6e0; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 62rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .25rem; }
h2, h3 { font-size: 1.25rem; line-height: 1.3; margin: 2.5rem 0 .5rem; }
h3 { margin: .75rem 0 .35rem; }
h4 { font-size: 1rem; margin: 1.5rem 0 .35rem; }
p { margin: .35rem 0; }
.soft { color: var(--soft); }
.good { color: var(--good); } .bad { color: var(--bad); } .unsure { color: var(--unsure); }
.word { font-weight: 700; }
article, .form { border-top: 2px solid var(--ink); padding-top: .25rem; margin-top: 2.5rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); gap: .75rem; margin: 1rem 0; }
.figure { background: var(--panel); border-radius: .4rem; padding: .65rem .9rem; }
.figure b { display: block; font-size: 1.35rem; line-height: 1.25; }
table { border-collapse: collapse; width: 100%; margin: .35rem 0; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--soft); font-size: .85rem; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td.track { width: 34%; min-width: 7rem; }
.track span { display: block; height: .8rem; min-width: 2px; border-radius: 2px; background: var(--bar); margin-top: .35rem;
  print-color-adjust: exact; -webkit-print-color-adjust: exact; }
code, pre { font: .85rem/1.45 ui-monospace, monospace; overflow-wrap: anywhere; white-space: pre-wrap; margin: 0; }
dl { display: grid; grid-template-columns: minmax(9rem, max-content) 1fr; gap: .2rem 1.25rem; margin: .35rem 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.box { display: block; width: 1.05rem; height: 1.05rem; margin-top: .2rem; border: 1.5px solid; border-radius: 2px;
  font: 700 .85rem/.9rem ui-monospace, monospace; text-align: center; }
.blank { height: 3.2rem; }
@media (max-width: 34rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; } .wide { overflow-x: auto; } }
@media print { :root { color-scheme: light; --ink: #000; --soft: #444; --line: #999; --paper: #fff; --panel: #fff;
  --good: #000; --bad: #000; --unsure: #000; --bar: #555; }
  body { max-width: none; padding: 0; font-size: 10.5pt; } .figure { border: 1px solid var(--line); }
  h2, h3, h4 { break-after: avoid; } tr, .figures, dl { break-inside: avoid; } .form { break-before: page; } @page { margin: 16mm; } }
`.trim();
