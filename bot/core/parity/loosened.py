"""Where a template demands less than the base branch's: a change that nobody has merged yet must not quietly set its own terms.

What a clone has to be like is said by its template: which aspects match or differ, which values are an identity or reach outside,
which of them commands may set. A change that is planned on approval is compared by its own template, so it is told what that
template no longer asks.
"""

from collections.abc import Iterator

from bot.core.markdown import code
from bot.model.template import Purpose, Template


def loosened(base: Template, ours: Template) -> tuple[str, ...]:
    """Return, each as a plain clause, what `base` demands and `ours` does not."""
    return (*_purposes(base, ours), *_parameters(base, ours), *_elsewhere(base, ours))


def _purposes(base: Template, ours: Template) -> Iterator[str]:
    for name, purpose in ours.purposes.items():
        before = base.purposes.get(name)
        if before is None:
            yield f"the purpose {code(name)} is new, and so is all that it demands"
        else:
            yield from (f"the purpose {code(name)} no longer demands that {each}" for each in _demands(before, purpose))


def _demands(base: Purpose, ours: Purpose) -> Iterator[str]:
    yield from (f"{code(demand)} matches" for demand in base.match if demand not in ours.match)
    yield from (f"{code(demand)} differs" for demand in base.differ if demand not in ours.differ)


def _parameters(base: Template, ours: Template) -> Iterator[str]:
    for name, before in base.parameters.items():
        after = ours.parameters.get(name)
        for word, was, now in (
            ("identity", before.identity, after is not None and after.identity),
            ("outbound", before.outbound, after is not None and after.outbound),
        ):
            if was and not now:
                yield f"the parameter {code(name)} is no longer {code(word)}"
        if after is not None and after.settable and not before.settable:
            yield f"commands may set the parameter {code(name)}"
        if after is not None and after.below_source and not before.below_source:
            yield f"the host in {code(name)} may lie below the source's own"


def _elsewhere(base: Template, ours: Template) -> Iterator[str]:
    names = dict.fromkeys((*base.aspects, *ours.aspects))
    changed = [name for name in names if base.aspects.get(name, ()) != ours.aspects.get(name, ())]
    yield from (f"other attributes count as {code(name)} ({code('aspects')})" for name in changed)
    yield from (f"{code(each)} is shared by every environment" for each in ours.shared if each not in base.shared)
    yield from (
        f"names and values of {code(each)}, which has code of its own, are free"
        for each, values in base.unmanaged.items()
        if not values.items() <= ours.unmanaged.get(each, {}).items() or each not in ours.unmanaged
    )
    kept = [(rule.parameters, rule.at_most is None) for rule in ours.rules]
    gone = (rule for rule in base.rules if (rule.parameters, rule.at_most is None) not in kept)
    yield from (f"the rule {code(rule.description)} is gone" for rule in gone)
