"""What a clone proved that its source is to have: values that somebody gave it, or the template's revision that it runs.

Without names only values are taken that were given by hand, are no part of who the environment is, reach nothing outside, and that no
purpose decides. Whoever names one may have any that `/set` takes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bot.commands.model import Promote, Set, Sync
from bot.core.markdown import code
from bot.core.rendering.suggestions import listed
from bot.core.rendering.synced_values import asked_for, carried
from bot.core.requests.change import Unchanged
from bot.core.requests.refusal import Refused
from bot.core.requests.template_history import TemplateHistory, between
from bot.model.environment import Manifest
from bot.model.template import Parameter, Template
from bot.names import ParameterName


@dataclass(frozen=True, slots=True)
class PromotionSubject:
    """A clone with its template, its source as it is where it is changed, with its own, and what the template was before."""

    clone: Manifest
    clone_template: Template
    source: Manifest
    source_template: Template
    history: TemplateHistory


Promotion: TypeAlias = Set | Sync | Unchanged | Refused


def promotion(command: Promote, subject: PromotionSubject) -> Promotion:
    """Return the change of the source that brings it there, that there is none, or why there can't be one."""
    if command.keys:
        return _named(command.keys, subject)
    clone, source = subject.clone, subject.source
    if clone.revision != source.revision:
        step = between(subject.history, source.revision, clone.revision)
        if step.commits is None:
            return Refused(
                f"The default branch never had the template's revision {code(clone.revision[:12])} that {code(clone.name)} runs. Merge it "
                "first, or name the parameters to promote."
            )
        if not step.is_back:
            return Sync(source.name, step.commits[0].commit, _asked_for(subject))
    values = {name: clone.parameters[name] for name in clone.overrides if _is_free_to_go(name, subject)}
    differing = {name: value for name, value in values.items() if source.parameters.get(name) != value}
    if not differing:
        return Unchanged(_nothing(subject))
    declared = subject.source_template.parameters
    return Set(source.name, {name: listed(declared[name], value) for name, value in differing.items()})


def _named(keys: Sequence[ParameterName], subject: PromotionSubject) -> Promotion:
    clone, source, declared = subject.clone, subject.source, subject.source_template.parameters
    for name in keys:
        if name not in clone.parameters:
            return Refused(f"{code(clone.name)} has no parameter {code(name)}. It has {_codes(clone.parameters)}.")
        if name not in declared:
            return Refused(
                f"The template of {code(source.name)} has no parameter {code(name)} yet. Comment {code(f'/promote {clone.name}')} first, "
                "to bring the template's revision."
            )
        if why := _is_its_own(declared[name]):
            return Refused(f"{code(name)} can't be promoted: {why}. Name other parameters.")
    differing = [name for name in keys if source.parameters.get(name) != clone.parameters[name]]
    if not differing:
        return Unchanged(f"No change: {_codes(keys)} of {code(source.name)} equal those of {code(clone.name)} already.")
    return Set(source.name, {name: listed(declared[name], clone.parameters[name]) for name in differing})


def _is_its_own(parameter: Parameter) -> str:
    if parameter.identity or parameter.allocate is not None:
        return "it identifies the environment"
    if parameter.derive is not None:
        return f"it is derived from other parameters ({code(parameter.derive)})"
    return "" if parameter.settable else "the template decides its value"


def _is_free_to_go(name: ParameterName, subject: PromotionSubject) -> bool:
    parameter = subject.source_template.parameters.get(name)
    chosen = subject.clone_template.purposes[subject.clone.purpose].set
    return parameter is not None and not _is_its_own(parameter) and not parameter.outbound and name not in chosen


def _asked_for(subject: PromotionSubject) -> dict[ParameterName, str]:
    """Return the clone's values of what the newer template asks the source for, as far as they may go there."""
    after = subject.clone_template
    missing = asked_for(carried(subject.source, subject.source_template, after), after, None)
    values = subject.clone.parameters
    return {
        name: listed(after.parameters[name], values[name])
        for name in missing
        if not _is_its_own(after.parameters[name]) and not after.parameters[name].outbound
    }


def _nothing(subject: PromotionSubject) -> str:
    clone, source = subject.clone, subject.source
    left = list(_other_differences(subject))
    said = (
        f"No change: nobody gave {code(clone.name)} a value that {code(source.name)} should have too, and it runs no newer revision of the "
        "template."
    )
    if not left:
        return said
    return f"{said} These differ for another reason: {_codes(left)}. To promote one, name it: {code(f'/promote {clone.name} {left[0]}')}."


def _other_differences(subject: PromotionSubject) -> Iterator[ParameterName]:
    for name, parameter in subject.source_template.parameters.items():
        values = subject.clone.parameters
        if name in values and not _is_its_own(parameter) and values[name] != subject.source.parameters.get(name):
            yield name


def _codes(names: Iterable[ParameterName]) -> str:
    return ", ".join(code(name) for name in names)
