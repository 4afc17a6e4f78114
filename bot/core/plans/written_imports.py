"""The code that Terraform wrote in a plan for what is imported: how the plan's check hands it on to whoever adds it to the pull request.

Any workflow of the repository can write a check, so nothing is decided by it: it becomes a commit, which people review.
"""

from typing import Annotated, Literal

from pydantic import Field

from bot.core.plans.drift_facts import hidden
from bot.core.plans.review import CommitSha
from bot.model.base import Document
from bot.names import EnvironmentName, StepName

MOST_CODE = 25_000
"""Characters: they are in the text of a check twice, and GitHub takes 65,535."""
_BEGIN, _END = "<!-- written-for-imports ", " -->"


class WrittenImports(Document):
    """Code for what a stack imports at a commit. `secret` are arguments that a person gives a value, `changed` what the import would change."""

    format: Literal[1] = 1
    environment: EnvironmentName
    commit: CommitSha
    step: StepName
    code: Annotated[str, Field(max_length=MOST_CODE)]
    secret: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def write_written(written: WrittenImports) -> str:
    """Return it as it is hidden in a check's text."""
    return f"{_BEGIN}{hidden(written)}{_END}"


def read_written(said: str) -> WrittenImports | None:
    """Return what is hidden in a check's text; None when there is nothing that can be read."""
    begin, end = said.rfind(_BEGIN), said.rfind(_END)
    if not 0 <= begin < end:
        return None
    try:
        return WrittenImports.model_validate_json(said[begin + len(_BEGIN) : end])
    except ValueError:
        return None
