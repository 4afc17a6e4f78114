"""Where in the repository environments and templates lie."""

import posixpath
from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, Field, model_validator

from bot.errors import InvalidInput
from bot.model.base import Document


def _relative(value: object) -> object:
    """Say of an absolute path what it should be; the pattern says it of nothing that people recognize."""
    if isinstance(value, str) and value.startswith("/"):
        raise InvalidInput(
            f"`{value}` begins at the root of the machine. Write the path from the repository's root, for example `infra/envs`"
        )
    return value


Root: TypeAlias = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*$", max_length=200),
    BeforeValidator(_relative),
]


class Roots(Document):
    """The directories in which each environment and each template has a directory of its own, relative to the repository's root.

    The policy of the base branch names them; what needs them is given them, and a pull request can't choose its own.
    """

    environments: Annotated[Root, Field(description="The directory that holds a directory for each environment.")] = (
        "envs"
    )
    templates: Annotated[Root, Field(description="The directory that holds a directory for each template.")] = (
        "templates"
    )

    @model_validator(mode="after")
    def _apart(self) -> "Roots":
        one, other = f"{self.environments}/", f"{self.templates}/"
        if one.startswith(other) or other.startswith(one):
            raise InvalidInput(
                f"`{self.environments}` and `{self.templates}` lie in one another: give environments and templates a directory each"
            )
        return self

    def environment(self, name: str) -> str:
        """Return the directory of an environment."""
        return f"{self.environments}/{name}"

    def template(self, name: str) -> str:
        """Return the directory of a template."""
        return f"{self.templates}/{name}"

    def environment_in(self, path: str) -> str | None:
        """Return the name of the environment whose directory a path of the repository would lie in."""
        return _first_below(self.environments, path)

    def owner(self, path: str) -> str | None:
        """Return the directory of the environment or template that a path of the repository would belong to."""
        roots = (self.environments, self.templates)
        return next((f"{root}/{name}" for root in roots if (name := _first_below(root, path)) is not None), None)

    def module(self, directory: str) -> str | None:
        """Return where a directory lies in the repository that is named relative to an environment's (`../../modules/logs`).

        None where no module may lie: outside the repository, in hidden directories, and where it would be all environments or
        all of the repository.
        """
        own = self.environment("_")
        path = posixpath.normpath(posixpath.join(own, directory))
        if any(segment.startswith(".") for segment in path.split("/")):
            return None
        if any(f"{root}/".startswith(f"{path}/") for root in (self.environments, self.templates)):
            return None
        return None if f"{path}/".startswith(f"{own}/") else path


def _first_below(root: str, path: str) -> str | None:
    name = path.removeprefix(f"{root}/").split("/", 1)[0] if path.startswith(f"{root}/") else ""
    return name or None


DEFAULT = Roots()
