"""The revisions that a template has had on a branch: how far an environment is behind, and what lies between two of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bot.model.environment import Manifest
from bot.names import EnvironmentName, TemplateName


@dataclass(frozen=True, slots=True)
class TemplateVersion:
    """A commit that changed a template: the revision that it made, and the first line of its message."""

    commit: str
    revision: str
    subject: str


TemplateHistory: TypeAlias = Sequence[TemplateVersion]
"""Newest first."""


@dataclass(frozen=True, slots=True)
class TemplateStep:
    """The commits between two revisions, newest first; `is_back` when they are undone. None when one of the two is not in the history."""

    commits: Sequence[TemplateVersion] | None
    is_back: bool = False


def between(history: TemplateHistory, before: str, after: str) -> TemplateStep:
    """Return what leads from one revision to another."""
    old, new = _place(history, before), _place(history, after)
    if old is None or new is None:
        return TemplateStep(None)
    return TemplateStep(history[new:old]) if new <= old else TemplateStep(history[old:new], is_back=True)


def behind(
    manifests: Sequence[Manifest], histories: Mapping[TemplateName, TemplateHistory]
) -> Mapping[EnvironmentName, int | None]:
    """Return by how many revisions each environment is behind its template; None where its revision is not in the history."""
    # The newest place of a revision counts: the template may have come back to it.
    places = {
        name: {each.revision: at for at, each in reversed(list(enumerate(found)))} for name, found in histories.items()
    }
    return {each.name: places.get(each.template, {}).get(each.revision) for each in manifests}


def _place(history: TemplateHistory, revision: str) -> int | None:
    return next((at for at, version in enumerate(history) if version.revision == revision), None)
