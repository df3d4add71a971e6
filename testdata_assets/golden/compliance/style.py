"""The style sheet of the report's page: system fonts, light and dark, nothing fetched."""

STYLE = """
:root { color-scheme: light dark; --back: #f4f6f9; --card: #fff; --ink: #18202c; --soft: #5f6b7d; --line: #e2e7ee;
  --head: #fafbfd; --accent: #1f5fbf; --accent-back: #e8f0fc; --good: #0b6b45; --good-back: #e3f5ec; --fair: #7a5300;
  --fair-back: #fdf2d8; --bad: #a01c1c; --bad-back: #fdeaea; --calm: #4d5a6d; --calm-back: #edf0f4;
  --special: #8b2fa0; --special-back: #f7eafa; --masked: #1f9d68; --nulled: #d99a1c; --kept: #c9d1dc; }
@media (prefers-color-scheme: dark) { :root { --back: #10141a; --card: #181e26; --ink: #e5eaf1; --soft: #98a4b5;
  --line: #2a323d; --head: #1d242d; --accent: #8db8f5; --accent-back: #1b2d47; --good: #6fdca8; --good-back: #14352a;
  --fair: #f0c265; --fair-back: #392e14; --bad: #ffaaaa; --bad-back: #481c1c; --calm: #b4bfce; --calm-back: #272f3a;
  --special: #dd9aec; --special-back: #38203e; --masked: #3fbf88; --nulled: #d9a53c; --kept: #3a4554; } }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
body { margin: 0; padding: 2.6rem clamp(1rem, 4vw, 3rem) 4rem; background: var(--back); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { max-width: 1180px; margin: 0 auto; }
.kicker { text-transform: uppercase; letter-spacing: .09em; font-size: .74rem; color: var(--accent); font-weight: 650;
  margin: 0 0 .35rem; }
h1 { font-size: clamp(1.5rem, 3vw, 2.1rem); line-height: 1.15; margin: 0 0 .4rem; letter-spacing: -.02em; }
h2 { font-size: 1.12rem; margin: 0; padding: 1rem 1.25rem .8rem; letter-spacing: -.01em; }
h2.part { padding: 1.4rem 0 .4rem; font-size: 1.35rem; }
.meta { color: var(--soft); margin: 0; font-size: .88rem; }
code { font: .86em/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.note { border-radius: 10px; padding: .8rem 1.1rem; margin: 1.3rem 0; border-left: 4px solid; }
.note.good { background: var(--good-back); color: var(--good); }
.note.bad { background: var(--bad-back); color: var(--bad); }
.tiles { display: grid; grid-template-columns: 1.6fr repeat(4, 1fr); gap: .8rem; margin: 0 0 1.1rem; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: .9rem 1.1rem; }
.tile b { display: block; font-size: 1.6rem; letter-spacing: -.02em; line-height: 1.2;
  font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); font-size: .82rem; }
.tile .bar { display: flex; height: .5rem; border-radius: 99px; background: var(--kept); overflow: hidden;
  margin-top: .55rem; }
.bar .m { background: var(--masked); } .bar .n { background: var(--nulled); } .bar .p { background: var(--bad); }
nav { display: flex; flex-wrap: wrap; gap: .35rem; margin: 0 0 1.4rem; }
nav a { color: var(--accent); background: var(--accent-back); text-decoration: none; border-radius: 99px;
  padding: .16rem .75rem; font-size: .85rem; }
nav a:hover { text-decoration: underline; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; margin: 0 0 1.3rem;
  overflow: hidden; }
section.limits { border-left: 4px solid var(--nulled); }
section ul { margin: 0; padding: 0 1.6rem 1.1rem 2.6rem; }
section li { margin: .25rem 0; }
.plain { margin: 0; padding: .7rem 1.25rem; color: var(--soft); font-size: .92rem; }
.scope { margin: -.7rem 0 0; padding: 0 1.25rem .8rem; color: var(--soft); font-size: .86rem; }
.pairs { display: grid; grid-template-columns: minmax(12rem, 19rem) 1fr; margin: 0; padding: 0 1.25rem 1.1rem;
  gap: .3rem 1.2rem; font-size: .92rem; }
.pairs dt { color: var(--soft); } .pairs dd { margin: 0; overflow-wrap: anywhere; }
.frame { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .91rem; }
th, td { text-align: left; vertical-align: top; border-top: 1px solid var(--line); padding: .55rem .8rem;
  overflow-wrap: break-word; }
th:first-child, td:first-child { padding-left: 1.25rem; } th:last-child, td:last-child { padding-right: 1.25rem; }
thead th { background: var(--head); color: var(--soft); font-size: .76rem; font-weight: 600; letter-spacing: .02em;
  padding-top: .4rem; padding-bottom: .4rem; }
tbody th { font-weight: 600; }
.figure { font-variant-numeric: tabular-nums; text-align: right; white-space: nowrap; }
.names { color: var(--soft); font-size: .84rem; overflow-wrap: anywhere; }
.warn { color: var(--bad); }
table.data th:nth-child(1) { width: 23%; } table.data td:nth-child(4) { width: 20%; }
table.duties th:nth-child(1) { width: 15%; } table.duties td:nth-child(2) { width: 31%; }
table.duties td:nth-child(3), table.checks td:nth-child(2), table.identifiers td:nth-child(3) { white-space: nowrap; }
table.identifiers td:first-child { width: 3.5rem; }
table.identifiers tbody th { width: 30%; } table.identifiers td:nth-child(3) { width: 10rem; }
table.columns { table-layout: fixed; min-width: 44rem; }
.badge { display: inline-block; border-radius: 5px; padding: .02rem .45rem; margin: .05rem .25rem .05rem 0;
  font-size: .78rem; font-weight: 500; background: var(--accent-back); color: var(--accent); white-space: nowrap; }
.badge.special { background: var(--special-back); color: var(--special); }
.badge.card { background: var(--fair-back); color: var(--fair); }
.state { display: inline-block; border-radius: 99px; padding: .06rem .62rem; font-size: .79rem; font-weight: 600;
  white-space: nowrap; background: var(--calm-back); color: var(--calm); }
.state.shown { background: var(--good-back); color: var(--good); }
.state.helps { background: var(--accent-back); color: var(--accent); }
.state.open { background: var(--fair-back); color: var(--fair); }
.legend { display: flex; flex-wrap: wrap; gap: .4rem 1.3rem; margin: 0 0 1rem; font-size: .84rem; color: var(--soft); }
.figures { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; color: var(--soft); font-size: .84rem;
  margin-top: .2rem; }
.figures b { color: var(--ink); font-variant-numeric: tabular-nums; font-weight: 600; }
.found { padding: .3rem 0 0 1.1rem; font-size: .86rem; }
details { border-top: 1px solid var(--line); }
summary { cursor: pointer; padding: .55rem 1.25rem; display: flex; gap: 1rem; align-items: baseline; }
summary span { color: var(--soft); font-size: .84rem; margin-left: auto; }
summary:hover { background: var(--head); }
tr.masked .how { color: var(--good); font-weight: 600; } tr.nulled .how { color: var(--fair); font-weight: 600; }
tr.kept th { font-weight: 400; } tr.kept td { color: var(--soft); }
small { color: var(--soft); }
footer { padding: .6rem .2rem; }
@media (max-width: 860px) { .tiles { grid-template-columns: 1fr 1fr; } .tile:first-child { grid-column: span 2; }
  .pairs { grid-template-columns: 1fr; gap: 0; } .pairs dd { margin-bottom: .5rem; } }
@media print { body { padding: 0; background: #fff; font-size: 11px; } nav { display: none; }
  section { border-radius: 0; } tr { break-inside: avoid; } .frame { overflow: visible; }
  details > *:not(summary) { display: block; } details::details-content { content-visibility: visible; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""
