"""What a comparison of directories could not see, and what is alarming whatever else is alike."""

import posixpath
from collections.abc import Iterator, Sequence

from bot.core.hcl.values import Unknown
from bot.core.parity.directories.evaluation import EvaluatedRoot, remote_modules
from bot.core.parity.directories.pairing import Pair
from bot.core.parity.directories.report import Note

OUTSIDE = "is a module outside of the repository: what it makes is compared by its arguments alone"
_SHOWN = 6


def notes_of(ours: Sequence[EvaluatedRoot], theirs: Sequence[EvaluatedRoot]) -> Sequence[Note]:
    """Return what could not be read or evaluated, each once."""
    evaluated = [*ours, *theirs]
    found = [note for each in evaluated for note in (*each.notes, *_missing_modules(each))]
    found += [*_without_value([*ours], [*theirs])]
    remote: dict[str, set[str]] = {}
    for each in evaluated:
        for source, addresses in remote_modules(each).items():
            remote.setdefault(source, set()).update(_at(each.root.name, at) for at in addresses)
    found += [
        Note(f"{OUTSIDE} (called by {_listed(addresses)})", source) for source, addresses in sorted(remote.items())
    ]
    return list(dict.fromkeys(found))


def same_state(pair: Pair) -> Iterator[Note]:
    """Yield an alarm when both sides of a pair keep their state at the same place: applying one then changes the other."""
    if pair.ours.root.directory == pair.theirs.root.directory:
        return
    ours, theirs = (_backend(each) for each in (pair.ours, pair.theirs))
    says = [
        value
        for attribute, value in ours.items()
        if attribute.rpartition(".")[2] in ("key", "prefix", "path", "name", "organization")
    ]
    if ours and says and ours == theirs:
        place = f"{pair.ours.root.directory} and {pair.theirs.root.directory}"
        yield Note(
            f"keep their state at the same place ({', '.join(says)}): applying one changes what the other made", place
        )


def _backend(each: EvaluatedRoot) -> dict[str, str]:
    return {
        attribute: str(leaf.value)
        for (address, attribute), leaf in each.leaves.items()
        if address == "terraform" and attribute.startswith(("backend", "cloud"))
    }


def _without_value(ours: Sequence[EvaluatedRoot], theirs: Sequence[EvaluatedRoot]) -> Iterator[Note]:
    """Yield the variables that no file and no default gives a value, each with the sides that this holds for."""
    sides: dict[str, set[str]] = {}
    for whose, roots in (("ours", ours), ("theirs", theirs)):
        for each in roots:
            for name, found in each.inputs.items():
                if found.kind == "variable" and isinstance(found.value, Unknown):
                    sides.setdefault(_at(each.root.name, name), set()).add(whose)
    said = "no file and no default gives a value, so what it decides is compared as written"
    for both, where in ((True, "on both sides"), (False, "on one side only")):
        names = sorted(name for name, whose in sides.items() if (len(whose) == 2) is both)
        if names:
            yield Note(f"{where} {said}", f"variable {_listed(names)}:")


def _at(root: str, name: str) -> str:
    return f"{root}/{name}" if root else name


def _missing_modules(each: EvaluatedRoot) -> Iterator[Note]:
    for (address, attribute), leaf in each.leaves.items():
        source = leaf.value
        if attribute == "source" and "module." in address and isinstance(source, str) and source.startswith("."):
            caller = posixpath.dirname(leaf.file)
            directory = posixpath.normpath(posixpath.join(caller, source))
            if not any(posixpath.dirname(path) == directory for path in each.root.files):
                place = str(each.root.place(leaf.file, leaf.line))
                yield Note(f"calls a module that is not there ({source})", place)


def _listed(names: Sequence[str] | set[str]) -> str:
    shown = sorted(names)
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return ", ".join(shown[:_SHOWN]) + more
