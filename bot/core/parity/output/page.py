"""A parity report as one HTML page that needs nothing else: no script, style, font or image from anywhere.

Everything that comes from a repository is escaped; the content policy lets the page load nothing, whatever is in it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from bot.core.markdown import NO_VALUE
from bot.core.parity.leaks import Leak
from bot.core.parity.output.document import counts
from bot.core.parity.output.markdown import ORIGINS, REVISION, UNEXPLAINED
from bot.core.parity.output.page_origin import UNKNOWN, PageOrigin, line_of, origin_line
from bot.core.parity.output.page_parts import SCRIPT, STYLE
from bot.core.parity.report import Difference, Parity
from bot.core.plural import counted

_NONE = "other"
IDENTITY = "identity"
"""The aspect of what differs in name, account or address alone: expected, and folded away."""


@dataclass(frozen=True, slots=True)
class ReasonShown:
    """Why a difference is there: the word to filter by, and what is said of it in HTML."""

    name: str
    said: str


@dataclass(frozen=True, slots=True)
class DifferenceTable:
    """Differences to be shown, what their two sides are called, and why each is there (no reason: unexplained)."""

    sides: tuple[str, str]
    found: Sequence[Difference]
    reasons: Callable[[Difference], Sequence[ReasonShown]]
    origin: PageOrigin = UNKNOWN


def page(parity: Parity, leaks: Sequence[Leak] = (), origin: PageOrigin = UNKNOWN) -> str:
    """Return the page."""
    told = [leak for leak in leaks if leak.waiver is None]
    holds = parity.holds and not told
    verdict = f'<p class="verdict {"good" if holds else "bad"}">{"Holds" if holds else "Does not hold"}</p>'
    shown = DifferenceTable(
        (parity.against, parity.environment), sorted(parity.differences, key=_order), _reasons, origin
    )
    parts = [
        origin_line(origin),
        _numbers(parity, len(told)),
        "" if parity.compared else f"<p>Nothing was compared: {_nothing_of(parity)}.</p>",
        _breaches(parity),
        _leaks(leaks),
        difference_table(shown),
        set_apart(parity.set_apart),
    ]
    return framed(f"Parity by {parity.depth}", parity.environment, parity.against, verdict, parts)


def framed(eyebrow: str, ours: str, theirs: str, verdict: str, parts: Sequence[str]) -> str:
    """Return a page on what is compared with what; `verdict` and `parts` are HTML."""
    name, against = escape(ours), escape(theirs)
    inner = "\n".join(parts)
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
<p class="eyebrow">{escape(eyebrow)}</p>
<h1><code>{name}</code> <span class="quiet">against</span> <code>{against}</code></h1>
{verdict}
</header>
<main>
{inner}
</main>
<script>{SCRIPT}</script>
</body>
</html>
"""


def _nothing_of(parity: Parity) -> str:
    return f"neither <code>{escape(parity.environment)}</code> nor <code>{escape(parity.against)}</code> has a value to hold against the other"


def _numbers(parity: Parity, leaks: int) -> str:
    found = counts(parity)
    tiles = [
        ("unexplained", str(found["unexplained"]), "bad" if found["unexplained"] else "good"),
        ("broken contracts", str(len(parity.breaches)), "bad" if parity.breaches else "good"),
        ("leaks", str(leaks), "bad" if leaks else "good"),
        (f"match {parity.against}", f"{parity.score:.1%}" if parity.compared else NO_VALUE, ""),
        ("compared", f"{parity.compared:,}", ""),
        ("equal", f"{parity.equal:,}", ""),
        ("differ only in name, account or address", f"{len(parity.by_identity):,}", ""),
        ("differ in other ways", f"{len(parity.telling):,}", ""),
        ("missing or extra", str(int(str(found["missing"])) + int(str(found["extra"]))), ""),
    ]
    return tiles_of(tiles)


def tiles_of(tiles: Sequence[tuple[str, str, str]]) -> str:
    """Return figures in a row: of each its label, its value, and whether it is good or bad."""
    inner = "".join(
        f'<div class="tile {tone}"><strong>{escape(value)}</strong><span>{escape(label)}</span></div>'
        for label, value, tone in tiles
    )
    return f'<section class="tiles" aria-label="Summary">{inner}</section>'


def _breaches(parity: Parity) -> str:
    if not parity.breaches:
        return ""
    items = "".join(f"<li>{ticked(breach.message)}.</li>" for breach in parity.breaches)
    return f'<section class="alert"><h2>Broken contract</h2><ul>{items}</ul></section>'


def _leaks(leaks: Sequence[Leak]) -> str:
    if not leaks:
        return ""
    items = "".join(
        f"<li><code>{escape(leak.place)}:{leak.line}</code> {ticked(leak.message)}"
        + (f' <span class="quiet">waived: {escape(leak.waiver.reason)}</span>' if leak.waiver else "")
        + "</li>"
        for leak in leaks
    )
    return f'<section class="alert"><h2>Leaks of production</h2><ul>{items}</ul></section>'


def difference_table(shown: DifferenceTable) -> str:
    """Return the table of differences with its filters."""
    if not shown.found:
        return "<section><h2>Differences</h2><p>None: both have the same code and values.</p></section>"
    aspects = sorted({each.aspect or _NONE for each in shown.found})
    causes = sorted({name for each in shown.found for name in _names(shown.reasons(each))})
    identity = [each for each in shown.found if each.aspect == IDENTITY and shown.reasons(each)]
    telling = [each for each in shown.found if each not in identity]
    nothing = "<p>Nothing differs but name, account and address.</p>"
    folded = f"<details><summary>Name, account and address: {counted(len(identity), 'difference')}</summary>{_table(shown, identity)}</details>"
    return f"""<section>
<h2>Differences <span class="quiet" id="count" aria-live="polite"></span></h2>
<form class="filters">
{_select("aspect", "Aspect", aspects)}
{_select("cause", "Cause", causes)}
{_select("kind", "Kind", ["missing", "extra", "changed"])}
<label>Search <input id="search" type="search" placeholder="address, attribute or value"></label>
</form>
{_table(shown, telling) if telling else nothing}
{folded if identity else ""}
</section>"""


def _table(shown: DifferenceTable, found: Sequence[Difference]) -> str:
    against, name = map(escape, shown.sides)
    rows = "".join(_row(each, shown) for each in found)
    return f"""<div class="wide"><table>
<thead><tr><th>Place</th><th>{against}</th><th>{name}</th><th>Aspect</th><th>Cause</th></tr></thead>
<tbody class="rows">{rows}</tbody>
</table></div>"""


def _select(name: str, label: str, options: Iterable[str]) -> str:
    inner = "".join(f'<option value="{escape(option)}">{escape(option)}</option>' for option in options)
    return f'<label>{label} <select id="{name}"><option value="">all</option>{inner}</select></label>'


def _row(each: Difference, shown: DifferenceTable) -> str:
    reasons, (theirs, ours) = shown.reasons(each), map(escape, shown.sides)
    aspect = each.aspect or _NONE
    attribute = f'<br><span class="attribute">{_breakable(each.attribute)}</span>' if each.attribute else ""
    place = f'<br><span class="quiet">{line_of(each, shown.origin)}</span>' if each.file else ""
    tone = "" if reasons else " unexplained"
    return (
        f'<tr class="{each.kind}{tone}" data-aspect="{escape(aspect)}" data-kind="{each.kind}" '
        f'data-cause="{escape(" ".join(_names(reasons)))}">'
        f"<td><code>{_breakable(each.address)}</code>{attribute}{place}</td>"
        f'<td data-label="{theirs}">{_side(each.production)}</td><td data-label="{ours}">{_side(each.clone)}</td>'
        f'<td data-label="Aspect"><span class="badge {escape(aspect)}">{escape(aspect)}</span></td>'
        f'<td data-label="Cause">{_why(reasons)}</td></tr>\n'
    )


def _side(text: str) -> str:
    return f"<code>{_breakable(text)}</code>" if text else '<span class="badge missing">missing</span>'


def _why(reasons: Sequence[ReasonShown]) -> str:
    return "<br>".join(each.said for each in reasons) or f'<span class="badge bad">{UNEXPLAINED}</span>'


def _reasons(each: Difference) -> Sequence[ReasonShown]:
    found = [
        ReasonShown(
            cause.parameter,
            f"<code>{escape(cause.parameter)}</code> <span class='quiet'>{ticked(ORIGINS[cause.origin])}</span>",
        )
        for cause in each.causes
    ]
    if each.is_revision:
        found.append(ReasonShown("template-revision", f"<span class='quiet'>{REVISION}</span>"))
    if each.waiver is not None:
        waiver = each.waiver
        said = f"waived until {waiver.expires_at:%Y-%m-%d} by {escape(waiver.owner)}: {escape(waiver.reason)}"
        found.append(ReasonShown("waived", said))
    return found


def set_apart(counts: Mapping[str, int], title: str = "Compared by code only") -> str:
    """Return what was not compared, by rule."""
    if not counts:
        return ""
    items = "".join(f"<li><strong>{count}</strong> {escape(rule)}</li>" for rule, count in counts.items())
    return f"<section><h2>{escape(title)}</h2><ul>{items}</ul></section>"


def _names(reasons: Sequence[ReasonShown]) -> list[str]:
    return [each.name for each in reasons] or [UNEXPLAINED]


def ticked(text: str) -> str:
    """Return a message with what is in backticks as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if position % 2 else part for position, part in enumerate(parts))


def _breakable(text: str) -> str:
    """Return a text that may break where long names do."""
    shown = escape(text)
    for mark in "/._:":
        shown = shown.replace(mark, f"{mark}<wbr>")
    return shown


def _order(each: Difference) -> tuple[bool, bool, bool, str, str]:
    return each.kind == "changed", not each.is_unexplained, each.aspect == IDENTITY, each.address, each.attribute
