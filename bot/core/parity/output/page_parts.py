"""Style and script of the parity page."""

STYLE = """
:root { --paper:#fff; --ink:#1f2328; --quiet:#59636e; --line:#d1d9e0; --raised:#f6f8fa; --good:#1a7f37; --bad:#cf222e;
  --warm:#9a6700; --link:#0969da; --good-back:#dafbe1; --bad-back:#ffebe9; --warm-back:#fff8c5; --cool-back:#ddf4ff; }
@media (prefers-color-scheme: dark) {
  :root { --paper:#0d1117; --ink:#e6edf3; --quiet:#9198a1; --line:#3d444d; --raised:#151b23; --good:#3fb950; --bad:#f85149;
    --warm:#d29922; --link:#4493f8; --good-back:#12261e; --bad-back:#25171c; --warm-back:#272115; --cool-back:#121d2f; }
}
* { box-sizing:border-box; }
body { margin:0 auto; max-width:1240px; padding:32px 24px 64px; background:var(--paper); color:var(--ink);
  font:15px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; }
code { font:0.92em/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
header { display:flex; flex-wrap:wrap; align-items:baseline; gap:4px 16px; margin-bottom:24px; }
.eyebrow { flex-basis:100%; margin:0; color:var(--quiet); text-transform:uppercase; letter-spacing:.08em; font-size:12px; }
h1 { margin:0; font-size:28px; font-weight:600; }
h2 { margin:36px 0 12px; font-size:18px; font-weight:600; }
a { color:var(--link); text-decoration:none; }
a:hover { text-decoration:underline; }
.quiet a { color:inherit; text-decoration:underline; }
.origin { margin:-16px 0 20px; }
.quiet { color:var(--quiet); font-weight:400; }
.verdict { margin:0; padding:2px 14px; border-radius:20px; font-weight:600; }
.verdict.good { color:var(--good); background:var(--good-back); }
.verdict.bad { color:var(--bad); background:var(--bad-back); }
.tiles { display:grid; grid-template-columns:repeat(auto-fit, minmax(140px, 1fr)); gap:12px; }
.tile { padding:14px 16px; border:1px solid var(--line); border-radius:10px; background:var(--raised); }
.tile strong { display:block; font-size:24px; font-weight:600; line-height:1.2; }
.tile span { color:var(--quiet); font-size:13px; }
.tile.good strong { color:var(--good); }
.tile.bad strong { color:var(--bad); }
.alert { margin-top:24px; padding:2px 20px 8px; border:1px solid var(--bad); border-radius:10px; background:var(--bad-back); }
.alert h2 { margin-top:14px; color:var(--bad); }
ul { padding-left:20px; margin:8px 0; }
li, summary { overflow-wrap:anywhere; }
.filters { display:flex; flex-wrap:wrap; gap:12px 20px; margin-bottom:12px; color:var(--quiet); font-size:13px; }
.filters label { display:flex; align-items:center; gap:8px; }
.filters label:last-child { flex:1; min-width:240px; }
select, input { font:inherit; color:var(--ink); background:var(--paper); border:1px solid var(--line); border-radius:6px;
  padding:5px 8px; }
input { flex:1; min-width:0; }
select:focus-visible, input:focus-visible { outline:2px solid var(--link); outline-offset:1px; }
.wide { border:1px solid var(--line); border-radius:10px; }
table { border-collapse:collapse; width:100%; table-layout:fixed; font-size:14px; }
th { position:sticky; top:0; z-index:1; text-align:left; font-weight:600; background:var(--raised); overflow-wrap:anywhere; }
th, td { padding:8px 12px; border-bottom:1px solid var(--line); vertical-align:top; }
td { overflow-wrap:anywhere; }
td:first-child { border-left:3px solid transparent; }
th:nth-child(1) { width:31%; }
th:nth-child(2), th:nth-child(3) { width:19%; }
th:nth-child(4) { width:13%; }
tr:last-child td { border-bottom:0; }
tbody tr:hover { background:var(--raised); }
tr.missing td:first-child, tr.extra td:first-child { border-left-color:var(--warm); }
tr.unexplained td:first-child { border-left-color:var(--bad); }
td .quiet { font-size:12.5px; }
.attribute { font:600 0.88em/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.badge { display:inline-block; padding:0 9px; border-radius:12px; font-size:12px; line-height:20px; white-space:nowrap;
  color:var(--quiet); background:var(--raised); border:1px solid var(--line); }
.badge.topology, .badge.missing { color:var(--warm); background:var(--warm-back); border-color:transparent; }
.badge.sizes, .badge.versions, .badge.scaling { color:var(--link); background:var(--cool-back); border-color:transparent; }
.badge.outbound, .badge.secrets { color:var(--good); background:var(--good-back); border-color:transparent; }
.unexplained .badge.outbound, .unexplained .badge.secrets, .badge.bad { color:var(--bad); background:var(--bad-back); border-color:transparent; }
[hidden] { display:none !important; }
summary { cursor:pointer; margin:16px 0 8px; }
@media (max-width:760px) {
  body { padding:16px 12px 48px; }
  thead { display:none; }
  table, tbody, tr, td { display:block; }
  tr { padding:6px 0; border-bottom:1px solid var(--line); }
  td { padding:3px 14px; border-bottom:0; }
  td[data-label]::before { content:attr(data-label); display:block; color:var(--quiet); font-size:12px; }
  .filters label { flex:1 1 100%; }
}
@media print { thead { display:table-header-group; } th { position:static; } tr { break-inside:avoid; } .filters { display:none; } details::details-content { content-visibility:visible; } body { max-width:none; padding:0; } }
"""

SCRIPT = """
(() => {
  const rows = [...document.querySelectorAll(".rows tr")];
  const fields = ["aspect", "cause", "kind"].map(id => document.getElementById(id));
  const search = document.getElementById("search"), count = document.getElementById("count");
  if (!search) return;
  const show = () => {
    const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      const fits = fields.every(field => !field.value || row.dataset[field.id].split(" ").includes(field.value))
        && words.every(word => text.includes(word));
      row.hidden = !fits;
      shown += fits;
    }
    count.textContent = shown === rows.length ? `${rows.length}` : `${shown} of ${rows.length}`;
  };
  for (const field of [...fields, search]) field.addEventListener("input", show);
  search.form.addEventListener("submit", event => event.preventDefault());
  show();
})();
"""
