"""A parity report as JSON. The shape is documented in docs/parity.md; keys are added, never renamed."""

from collections.abc import Mapping, Sequence

from bot.core.parity.leaks import Leak
from bot.core.parity.report import Breach, Difference, Parity
from bot.model.environment import Waiver
from bot.model.pipeline import Json


def document(parity: Parity, leaks: Sequence[Leak] = ()) -> Mapping[str, Json]:
    """Return the whole report, with the leaks that were found."""
    return {
        "environment": parity.environment,
        "against": parity.against,
        "depth": parity.depth,
        "holds": parity.holds and all(leak.waiver is not None for leak in leaks),
        "score": round(parity.score, 4),
        "compared": parity.compared,
        "equal": parity.equal,
        "counts": counts(parity),
        "set_apart": dict(parity.set_apart),
        "breaches": [_breach(breach) for breach in parity.breaches],
        "differences": [_difference(each) for each in parity.differences],
        "leaks": [_leak(leak) for leak in leaks],
    }


def counts(parity: Parity) -> dict[str, Json]:
    """Return how many differences there are of each sort."""
    found = parity.differences
    return {
        "differences": len(found),
        "missing": sum(each.kind == "missing" for each in found),
        "extra": sum(each.kind == "extra" for each in found),
        "changed": sum(each.kind == "changed" for each in found),
        "unexplained": len(parity.unexplained),
        "waived": sum(each.waiver is not None for each in found),
        "by_revision": sum(each.is_revision for each in found),
        "by_identity": len(parity.by_identity),
    }


def _breach(breach: Breach) -> dict[str, Json]:
    return {
        "demand": breach.demand,
        "aspect": breach.aspect,
        "message": breach.message,
        "parameters": list(breach.parameters),
    }


def _difference(each: Difference) -> dict[str, Json]:
    return {
        "kind": each.kind,
        "address": each.address,
        "attribute": each.attribute,
        "production": each.production,
        "clone": each.clone,
        "aspect": each.aspect,
        "explained": each.is_explained,
        "causes": [{"parameter": cause.parameter, "origin": cause.origin.value} for cause in each.causes],
        "by_revision": each.is_revision,
        "waiver": _waiver(each.waiver),
        "file": each.file,
        "line": each.line,
    }


def _leak(leak: Leak) -> dict[str, Json]:
    return {
        "place": leak.place,
        "line": leak.line,
        "found": leak.found,
        "what": leak.what,
        "instead": leak.instead,
        "waiver": _waiver(leak.waiver),
    }


def _waiver(waiver: Waiver | None) -> Json:
    return None if waiver is None else waiver.model_dump(mode="json")
