"""Make the template say what somebody has changed in several environments: such a change has one cause, and belongs to all.

The edits are those that `/codify` would make in one of them. Each must lie in a file that the template has byte for byte so; what is
rendered, edited by hand, or names the environment is left to people.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bot.commands.model import Codify
from bot.core.markdown import code
from bot.core.plans.drift_alike import is_named_in, sign
from bot.core.plans.drift_facts import DriftFact, DriftFacts
from bot.core.rendering.assemble import TemplateAt
from bot.core.requests.codify.codify import Codifying, CodifySubject, chosen, listed_lines, named_fact
from bot.core.requests.refusal import Refused
from bot.core.tree import File, Tree
from bot.errors import UserError
from bot.names import EnvironmentName


@dataclass(frozen=True, slots=True)
class TemplateChange:
    """The template as it would be: all its files, what is made part of it with who else has it, and what is left, with the reason."""

    files: Tree
    taken: Mapping[str, Sequence[EnvironmentName]]
    left: Sequence[str]


TemplateDraft: TypeAlias = TemplateChange | Refused


def draft_everywhere(
    command: Codify, subject: CodifySubject, facts: DriftFacts, elsewhere: Mapping[EnvironmentName, Collection[str]]
) -> TemplateDraft:
    """Return the template that says what is there; `elsewhere` has the signs of what other environments' drift is about."""
    try:
        return _drafted(command, subject, facts, elsewhere)
    except UserError as error:
        return Refused(str(error))


def _drafted(
    command: Codify, subject: CodifySubject, facts: DriftFacts, elsewhere: Mapping[EnvironmentName, Collection[str]]
) -> TemplateChange:
    name, template = command.name, subject.change.template
    left, taken = list[str](), dict[str, Sequence[EnvironmentName]]()
    codifying = Codifying(subject, subject.change.manifest, subject.files, facts.changes)
    for fact in chosen(command, facts):
        having = _having(fact, name, elsewhere)
        if not having:
            left.append(f"{named_fact(fact)}: no other environment was changed in this way")
        elif is_named_in(name, fact):
            left.append(f"{named_fact(fact)}: what is there names {code(name)}")
        elif said := codifying.take(fact):
            left.append(said)
        else:
            taken[named_fact(fact)] = having
    files = {**template.files, **dict(_edited(codifying.files, subject.files, template))}
    if not taken or files == template.files:
        raise UserError(
            f"Nothing of it can be made part of the template:\n{listed_lines(left)}\n\nTo keep it in {code(name)} alone, comment "
            f"{code(f'/codify {name}')}."
        )
    return TemplateChange(files, taken, left)


def _having(
    fact: DriftFact, name: EnvironmentName, elsewhere: Mapping[EnvironmentName, Collection[str]]
) -> Sequence[EnvironmentName]:
    if fact.secret:
        return ()
    own = sign(name, fact)
    return sorted(other for other, signs in elsewhere.items() if other != name and own in signs)


def _edited(after: Tree, before: Tree, template: TemplateAt) -> Iterator[tuple[str, File]]:
    """Yield the files that were edited. Raises `UserError` for one that the template does not have so."""
    for path, file in after.items():
        if file == before.get(path):
            continue
        if template.files.get(path) != before.get(path):
            raise UserError(
                f"{code(path)} is rendered, or was edited by hand, so its change can't be copied into the template. Change "
                f"{code(f'{template.where}/{path}')} by hand."
            )
        yield path, file
