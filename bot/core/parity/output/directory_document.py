"""A comparison of two directories as JSON. The shape is documented in docs/parity.md; keys are added, never renamed."""

from collections.abc import Mapping

from bot.core.parity.directories.report import CodeCause, CodePlace, DirectoryDifference, DirectoryParity, Note
from bot.model.pipeline import Json


def directory_document(parity: DirectoryParity) -> Mapping[str, Json]:
    """Return the whole comparison."""
    return {
        "directory": parity.ours,
        "against": parity.theirs,
        "compared": parity.compared,
        "equal": parity.equal,
        "counts": {
            "missing": sum(each.difference.kind == "missing" for each in parity.differences),
            "extra": sum(each.difference.kind == "extra" for each in parity.differences),
            "changed": sum(each.difference.kind == "changed" for each in parity.telling),
            "by_identity": len(parity.by_identity),
        },
        "root_modules": [
            {"name": each.name, "directory": each.ours, "against": each.theirs, "by_content": each.is_by_content}
            for each in parity.roots
        ],
        "alarms": [_note(each) for each in parity.alarms],
        "differences": [_difference(each) for each in parity.differences],
        "set_apart": dict(parity.set_apart),
        "notes": [_note(each) for each in parity.notes],
    }


def _difference(each: DirectoryDifference) -> dict[str, Json]:
    found = each.difference
    return {
        "kind": found.kind,
        "address": found.address,
        "attribute": found.attribute,
        "against": found.production,
        "directory": found.clone,
        "aspect": found.aspect,
        "instances": each.instances,
        "file": found.file,
        "line": found.line,
        "causes": [_cause(cause) for cause in each.causes],
    }


def _cause(cause: CodeCause) -> dict[str, Json]:
    return {
        "kind": cause.kind,
        "name": cause.name,
        "changes": [{"name": each.name, "against": each.theirs, "directory": each.ours} for each in cause.changes],
        "directory": _place(cause.here),
        "against": _place(cause.there),
    }


def _place(place: CodePlace | None) -> Json:
    return None if place is None else {"file": place.path, "line": place.line}


def _note(note: Note) -> dict[str, Json]:
    return {"place": note.place, "text": note.text}
