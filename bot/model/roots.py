"""Where in the repository environments and templates lie.

A large repository may have several pairs of directories, one for each team, say. Each pair but the first has a name, and what lies in
it is called by that name and its directory's (`payments/envs/demo` is `payments-demo`). So every name leads to one place, and every
place has one name, without a look at the repository.
"""

import posixpath
from collections.abc import Mapping
from itertools import combinations
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


PairName: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=16)]


class RootPair(Document):
    """Two directories of a larger repository: one for its environments, and one for the templates that they are rendered from."""

    environments: Annotated[Root, Field(description="The directory that holds a directory for each environment.")]
    templates: Annotated[Root, Field(description="The directory that holds a directory for each template.")]


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
    also: Annotated[
        Mapping[PairName, RootPair],
        Field(
            description="Further pairs of such directories, by name. What lies in them is called by the pair's name and the directory's: "
            "with `payments: {environments: payments/envs, templates: payments/templates}`, `payments/envs/demo` is the environment "
            "`payments-demo`. An environment lies in the pair that its template lies in."
        ),
    ] = {}

    @model_validator(mode="after")
    def _apart(self) -> "Roots":
        for one, other in combinations((*self.of_environments, *self.of_templates), 2):
            # In any letters: to some systems `Envs` is `envs`.
            a, b = f"{one}/".lower(), f"{other}/".lower()
            if a.startswith(b) or b.startswith(a):
                raise InvalidInput(
                    f"`{one}` and `{other}` lie one inside the other: give environments and templates of each pair a directory of their own"
                )
        for one, other in combinations(sorted(self.also), 2):
            if other.startswith(f"{one}-"):
                raise InvalidInput(
                    f"names that begin with `{other}-` would be those of `{one}` as well: rename one of the two pairs"
                )
        return self

    @property
    def of_environments(self) -> tuple[str, ...]:
        """The directories that hold the environments', the first pair's first."""
        return (self.environments, *(pair.environments for pair in self.also.values()))

    @property
    def of_templates(self) -> tuple[str, ...]:
        """The directories that hold the templates', the first pair's first."""
        return (self.templates, *(pair.templates for pair in self.also.values()))

    def directories(self, pair: str) -> tuple[str, str]:
        """Return the two directories of a pair, the environments' first."""
        found = self.also[pair] if pair else self
        return found.environments, found.templates

    def pair(self, name: str) -> str:
        """Return the name of the pair that an environment or a template of this name lies in; none (`""`) for the first."""
        return next((pair for pair in self.also if name.startswith(f"{pair}-")), "")

    def environment(self, name: str) -> str:
        """Return the directory of an environment."""
        return self._place(self.of_environments, name)

    def template(self, name: str) -> str:
        """Return the directory of a template."""
        return self._place(self.of_templates, name)

    def environment_in(self, path: str) -> str | None:
        """Return the name of the environment whose directory a path of the repository would lie in."""
        found = _below(self.of_environments, path)
        return self.called(*found) if found is not None else None

    def owner(self, path: str) -> str | None:
        """Return the directory of the environment or template that a path of the repository would belong to."""
        found = _below((*self.of_environments, *self.of_templates), path)
        return "/".join(found) if found is not None else None

    def named(self, directory: str, like: str) -> str:
        """Return what an environment or template is called in this directory of the pair that `like` lies in."""
        pair = self.pair(like)
        return f"{pair}-{directory}" if pair else directory

    def apart(self, name: str, template: str) -> str | None:
        """Return why an environment can't be of a template: modules beside the two would not be the same."""
        if self.pair(name) == self.pair(template):
            return None
        return (
            f"`{self.environment(name)}` and its template `{self.template(template)}` are of two pairs of the policy's `roots`. "
            f"Environments of `{template}` have names that begin with {self._beginning(self.pair(template))}."
        )

    def _beginning(self, pair: str) -> str:
        return f"`{pair}-`" if pair else f"none of {', '.join(f'`{each}-`' for each in self.also)}"

    def name_at(self, directory: str) -> str:
        """Return the name of the environment or template whose directory this is; none (`""`) for any other."""
        found = _below((*self.of_environments, *self.of_templates), directory)
        return self.called(*found) if found is not None and "/".join(found) == directory else ""

    def called(self, root: str, directory: str) -> str:
        """Return what is called by its directory in one of the roots.

        Where the name would be that of another pair's, it has none: it is called by its path, which is a valid name nowhere.
        """
        pair = next((name for name, each in self.also.items() if root in (each.environments, each.templates)), "")
        if pair:
            return f"{pair}-{directory}"
        return f"{root}/{directory}" if self.pair(directory) else directory

    def module(self, directory: str, of: str) -> str | None:
        """Return where a directory lies that is named relative to an environment's (`../../modules/logs`), or to its template's.

        `of` is the name of one of the two. None where no module may lie: outside the repository, in hidden directories, and where it
        would be all environments or all of the repository.
        """
        own = posixpath.join(posixpath.dirname(self.environment(of)), "_")
        path = posixpath.normpath(posixpath.join(own, directory))
        if any(segment.startswith(".") for segment in path.split("/")):
            return None
        roots = (*self.of_environments, *self.of_templates)
        if any(f"{root}/".lower().startswith(f"{path}/".lower()) for root in roots):
            return None
        # `Envs/production` is an environment's directory where letters make no difference, and a module's elsewhere.
        if any(
            f"{path}/".lower().startswith(f"{root}/".lower()) != f"{path}/".startswith(f"{root}/") for root in roots
        ):
            return None
        return None if f"{path}/".startswith(f"{own}/") else path

    def _place(self, roots: tuple[str, ...], name: str) -> str:
        if "/" in name:
            return name  # what `called` has no other name for
        pair = self.pair(name)
        return (
            f"{roots[(*self.also,).index(pair) + 1]}/{name.removeprefix(f'{pair}-')}" if pair else f"{roots[0]}/{name}"
        )


def _below(roots: tuple[str, ...], path: str) -> tuple[str, str] | None:
    """Return the root that a path lies in, and its first directory below that."""
    for root in roots:
        if path.startswith(f"{root}/") and (name := path.removeprefix(f"{root}/").split("/", 1)[0]):
            return root, name
    return None


DEFAULT = Roots()
