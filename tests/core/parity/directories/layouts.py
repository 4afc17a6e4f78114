"""Small repositories as data, and their comparison: paths to texts, no disk."""

from collections.abc import Mapping
from dataclasses import replace

from bot.clouds.registry import FACTS
from bot.core.parity.directories.compare import compared
from bot.core.parity.directories.report import DirectoryParity
from bot.core.parity.directories.sides import side_of
from bot.core.tree import File, Tree

Texts = Mapping[str, str]


def tree(texts: Texts) -> Tree:
    return {path: File(text.encode()) for path, text in texts.items()}


def compare(texts: Texts, ours: str, theirs: str, *, workspaces: tuple[str, str] = ("", "")) -> DirectoryParity:
    files = tree(texts)
    sides = [side_of(directory, directory, files) for directory in (ours, theirs)]
    chosen = [
        replace(side, roots=[replace(root, workspace=workspace) for root in side.roots])
        for side, workspace in zip(sides, workspaces, strict=True)
    ]
    return compared(chosen[0], chosen[1], FACTS)


def said(parity: DirectoryParity) -> dict[str, tuple[str, str]]:
    """Return what differs: both texts by address and attribute."""
    found = (each.difference for each in parity.differences)
    return {f"{d.address}:{d.attribute}".removesuffix(":"): (d.production, d.clone) for d in found}


def causes(parity: DirectoryParity) -> dict[str, list[str]]:
    """Return what causes each difference, with the places that say it, ours first."""
    return {
        f"{each.difference.address}:{each.difference.attribute}".removesuffix(":"): [
            f"{cause.kind} {cause.name} {cause.here} {cause.there}".replace("  ", " ") for cause in each.causes
        ]
        for each in parity.differences
    }
