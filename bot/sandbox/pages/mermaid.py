"""Draw the flowcharts that our texts have (Mermaid's `flowchart LR` of boxes and arrows) as SVG: no script, nothing loaded.

Anything else of Mermaid's stays code, which can be read, too. Colours come from the stylesheet, by state.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Final

_NODE: Final = re.compile(r'(?P<id>\w+)(?:(?P<round>\(\[)|\[)"(?P<label>[^"]*)"(?:\]\)|\])(?::::(?P<state>\w+))?')
_ARROW: Final = re.compile(r"(?P<source>\w+) --> (?P<target>\w+)")
_LETTER, _PADDING, _HEIGHT, _GAP, _BETWEEN = 8, 14, 34, 18, 56
"""Pixels: the width of a letter, the room beside a label, a box's height, and what is between boxes and between columns."""
_LARGEST: Final = 200
"""Boxes; more than that nobody looks at."""


@dataclass(frozen=True, slots=True)
class _Box:
    label: str
    is_round: bool = False
    state: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    x: int
    y: int
    width: int


def drawn(text: str) -> str | None:
    """Return the flowchart as SVG, or None for what is none of ours."""
    first, *lines = [line.strip() for line in text.strip().splitlines()] or [""]
    boxes: dict[str, _Box] = {}
    arrows: list[tuple[str, str]] = []
    for line in lines:
        if node := _NODE.fullmatch(line):
            boxes[node["id"]] = _Box(node["label"], bool(node["round"]), node["state"] or "")
        elif arrow := _ARROW.fullmatch(line):
            arrows.append((arrow["source"], arrow["target"]))
        elif not line.startswith("classDef "):
            return None
    for id_ in (each for arrow in arrows for each in arrow):
        boxes.setdefault(id_, _Box(id_))
    columns = _columns(boxes, arrows) if first == "flowchart LR" and 0 < len(boxes) <= _LARGEST else None
    return _svg(boxes, arrows, _places(boxes, columns)) if columns is not None else None


def _columns(boxes: Mapping[str, _Box], arrows: Sequence[tuple[str, str]]) -> Mapping[str, int] | None:
    """Return each box's column, which is right of all that lead to it; None if they go in a circle."""
    found = dict.fromkeys(boxes, 0)
    for _ in range(len(boxes) + 1):
        moved = [(target, found[source] + 1) for source, target in arrows if found[target] <= found[source]]
        if not moved:
            return found
        for target, column in moved:
            found[target] = max(found[target], column)
    return None


def _places(boxes: Mapping[str, _Box], columns: Mapping[str, int]) -> Mapping[str, _Place]:
    places: dict[str, _Place] = {}
    left = 1
    for _, group in groupby(sorted(boxes, key=columns.__getitem__), key=columns.__getitem__):
        ids = list(group)
        width = max(len(boxes[id_].label) for id_ in ids) * _LETTER + 2 * _PADDING
        for row, id_ in enumerate(ids):
            places[id_] = _Place(left, 1 + row * (_HEIGHT + _GAP), width)
        left += width + _BETWEEN
    return places


def _svg(boxes: Mapping[str, _Box], arrows: Sequence[tuple[str, str]], places: Mapping[str, _Place]) -> str:
    width = max(place.x + place.width for place in places.values()) + 1
    height = max(place.y for place in places.values()) + _HEIGHT + 1
    told = "; ".join(f"{boxes[source].label} before {boxes[target].label}" for source, target in arrows)
    parts = [_arrow(places[source], places[target]) for source, target in arrows]
    parts += [_box(boxes[id_], place) for id_, place in places.items()]
    return (
        f'<div class="drawing"><svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">'
        f"<title>{escape(told or 'no order')}</title>{''.join(parts)}</svg></div>"
    )


def _box(box: _Box, place: _Place) -> str:
    radius = _HEIGHT // 2 if box.is_round else 4
    return (
        f'<g class="box {escape(box.state)}"><rect x="{place.x}" y="{place.y}" width="{place.width}" height="{_HEIGHT}" rx="{radius}"/>'
        f'<text x="{place.x + place.width // 2}" y="{place.y + _HEIGHT // 2}">{escape(box.label)}</text></g>'
    )


def _arrow(source: _Place, target: _Place) -> str:
    x, y, end, down = source.x + source.width, source.y + _HEIGHT // 2, target.x, target.y + _HEIGHT // 2
    bend = (end - x) // 2
    line = f"M{x} {y} C{x + bend} {y} {end - bend} {down} {end - 6} {down}"
    return f'<path class="line" d="{line}"/><path class="tip" d="M{end} {down} l-8 -4 v8 z"/>'
