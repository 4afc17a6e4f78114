"""A parity report as one HTML page that needs nothing else: no script, style, font or image from anywhere.

Everything that comes from a repository is escaped; the content policy lets the page load nothing, whatever stands in it.
"""

from collections.abc import Iterable, Sequence
from html import escape

from bot.core.parity.leaks import Leak
from bot.core.parity.output.document import counts
from bot.core.parity.output.markdown import ORIGINS, REVISION, UNEXPLAINED
from bot.core.parity.output.page_parts import SCRIPT, STYLE
from bot.core.parity.report import Difference, Parity

_NONE = "other"


def page(parity: Parity, leaks: Sequence[Leak] = ()) -> str:
    """Return the page."""
    name, against = escape(parity.environment), escape(parity.against)
    told = [leak for leak in leaks if leak.waiver is None]
    holds = parity.holds and not told
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>Parity of {name} with {against}</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<p class="eyebrow">Parity by {escape(parity.depth)}</p>
<h1><code>{name}</code> <span class="quiet">against</span> <code>{against}</code></h1>
<p class="verdict {"good" if holds else "bad"}">{"Holds" if holds else "Does not hold"}</p>
</header>
<main>
{_numbers(parity, len(told))}
{_breaches(parity)}
{_leaks(leaks)}
{_differences(parity)}
{_set_apart(parity)}
</main>
<script>{SCRIPT}</script>
</body>
</html>
"""


def _numbers(parity: Parity, leaks: int) -> str:
    found = counts(parity)
    tiles = [
        ("match production", f"{parity.score:.1%}", ""),
        ("compared", f"{parity.compared:,}", ""),
        ("equal", f"{parity.equal:,}", ""),
        ("differ only in name, account or address", f"{len(parity.by_identity):,}", ""),
        ("differ in other ways", f"{len(parity.telling):,}", ""),
        ("missing or extra", str(int(str(found["missing"])) + int(str(found["extra"]))), ""),
        ("unexplained", str(found["unexplained"]), "bad" if found["unexplained"] else "good"),
        ("broken contracts", str(len(parity.breaches)), "bad" if parity.breaches else "good"),
        ("leaks", str(leaks), "bad" if leaks else "good"),
    ]
    inner = "".join(
        f'<div class="tile {tone}"><strong>{escape(value)}</strong><span>{escape(label)}</span></div>'
        for label, value, tone in tiles
    )
    return f'<section class="tiles" aria-label="Summary">{inner}</section>'


def _breaches(parity: Parity) -> str:
    if not parity.breaches:
        return ""
    items = "".join(f"<li>{_ticked(breach.message)}.</li>" for breach in parity.breaches)
    return f'<section class="alert"><h2>Broken contract</h2><ul>{items}</ul></section>'


def _leaks(leaks: Sequence[Leak]) -> str:
    if not leaks:
        return ""
    items = "".join(
        f"<li><code>{escape(leak.place)}:{leak.line}</code> {_ticked(leak.message)}"
        + (f' <span class="quiet">waived: {escape(leak.waiver.reason)}</span>' if leak.waiver else "")
        + "</li>"
        for leak in leaks
    )
    return f'<section class="alert"><h2>Leaks of production</h2><ul>{items}</ul></section>'


def _differences(parity: Parity) -> str:
    if not parity.differences:
        return "<section><h2>Differences</h2><p>None.</p></section>"
    aspects = sorted({each.aspect or _NONE for each in parity.differences})
    causes = sorted({name for each in parity.differences for name in _names(each)})
    rows = "".join(_row(each) for each in sorted(parity.differences, key=_order))
    return f"""<section>
<h2>Differences <span class="quiet" id="count" aria-live="polite"></span></h2>
<form class="filters">
{_select("aspect", "Aspect", aspects)}
{_select("cause", "Cause", causes)}
{_select("kind", "Kind", ["missing", "extra", "changed"])}
<label>Search <input id="search" type="search" placeholder="address, attribute or value"></label>
</form>
<div class="wide"><table>
<thead><tr><th>Place</th><th>{escape(parity.against)}</th><th>{escape(parity.environment)}</th><th>Aspect</th><th>Cause</th></tr></thead>
<tbody id="rows">{rows}</tbody>
</table></div>
</section>"""


def _select(name: str, label: str, options: Iterable[str]) -> str:
    inner = "".join(f'<option value="{escape(option)}">{escape(option)}</option>' for option in options)
    return f'<label>{label} <select id="{name}"><option value="">all</option>{inner}</select></label>'


def _row(each: Difference) -> str:
    aspect = each.aspect or _NONE
    attribute = f'<br><span class="attribute">{_breakable(each.attribute)}</span>' if each.attribute else ""
    place = f'<br><span class="quiet">{escape(each.file)}:{each.line}</span>' if each.file else ""
    tone = " unexplained" if each.is_unexplained else ""
    return (
        f'<tr class="{each.kind}{tone}" data-aspect="{escape(aspect)}" data-kind="{each.kind}" '
        f'data-cause="{escape(" ".join(_names(each)))}">'
        f"<td><code>{_breakable(each.address)}</code>{attribute}{place}</td>"
        f"<td>{_side(each.production)}</td><td>{_side(each.clone)}</td>"
        f'<td><span class="badge {escape(aspect)}">{escape(aspect)}</span></td><td>{_why(each)}</td></tr>\n'
    )


def _side(text: str) -> str:
    return f"<code>{_breakable(text)}</code>" if text else '<span class="badge missing">missing</span>'


def _why(each: Difference) -> str:
    said = [
        f"<code>{escape(cause.parameter)}</code> <span class='quiet'>{_ticked(ORIGINS[cause.origin])}</span>"
        for cause in each.causes
    ]
    if each.is_revision:
        said.append(f"<span class='quiet'>{REVISION}</span>")
    if each.waiver is not None:
        waiver = each.waiver
        said.append(f"waived until {waiver.expires_at:%Y-%m-%d} by {escape(waiver.owner)}: {escape(waiver.reason)}")
    return "<br>".join(said) or f'<span class="badge bad">{UNEXPLAINED}</span>'


def _set_apart(parity: Parity) -> str:
    if not parity.set_apart:
        return ""
    items = "".join(f"<li><strong>{count}</strong> {escape(rule)}</li>" for rule, count in parity.set_apart.items())
    return f"<section><h2>Compared by code only</h2><ul>{items}</ul></section>"


def _names(each: Difference) -> list[str]:
    named = [str(cause.parameter) for cause in each.causes]
    if each.is_revision:
        named.append("template-revision")
    if each.waiver is not None:
        named.append("waived")
    return named or [UNEXPLAINED]


def _ticked(text: str) -> str:
    """Return a message with what stands in backticks as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if position % 2 else part for position, part in enumerate(parts))


def _breakable(text: str) -> str:
    """Return a text that may break where long names do."""
    shown = escape(text)
    for mark in "/._:":
        shown = shown.replace(mark, f"{mark}<wbr>")
    return shown


def _order(each: Difference) -> tuple[bool, bool, bool, str, str]:
    return each.kind == "changed", not each.is_unexplained, each.aspect == "identity", each.address, each.attribute
