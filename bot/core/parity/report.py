"""What a comparison of a clone with production found, whatever the depth: the one value behind every table, page and check.

A difference is *explained* when a parameter causes it, *waived* when the manifest says so with a reason, an owner and an
expiry, and *unexplained* otherwise; unexplained differences fail the check. What can't be compared (known only after
apply, computed by the provider) is set apart by a named rule and counted, never dropped in silence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bot.core.rendering.parameter_values import Origin
from bot.model.environment import Waiver
from bot.model.template import Aspect
from bot.names import EnvironmentName, ParameterName

Depth = Literal["code", "plan"]


@dataclass(frozen=True, slots=True)
class Cause:
    """A parameter that causes a difference, and who decided its value. Computed by putting the parameter back, never guessed."""

    parameter: ParameterName
    origin: Origin


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference at `attribute` of `address`.

    `address` is `<stack>/<resource address>` (`network/terraform_data.main`), `hook/<name>`, or a file's path; `attribute` is a
    dotted path (`tags.Name`, `ingress[0].cidr_blocks`), empty for a resource as a whole. `production` and `clone` are texts
    to be shown, secrets masked; empty on the side where a missing or extra resource is absent. `is_revision` says that the
    two were rendered from different revisions of the template, and that those differ here.
    """

    kind: Literal["missing", "extra", "changed"]
    address: str
    attribute: str
    production: str
    clone: str
    aspect: Aspect | None = None
    causes: tuple[Cause, ...] = ()
    waiver: Waiver | None = None
    file: str = ""
    line: int = 0
    is_revision: bool = False

    @property
    def is_explained(self) -> bool:
        return bool(self.causes) or self.is_revision

    @property
    def is_unexplained(self) -> bool:
        return not self.is_explained and self.waiver is None


@dataclass(frozen=True, slots=True)
class Breach:
    """A purpose's contract that is broken: `aspect` must match (or must differ) and does not, at these differences.

    `parameters` are those that cause it.
    """

    demand: Literal["match", "differ"]
    aspect: str
    message: str
    differences: tuple[Difference, ...] = ()
    parameters: tuple[ParameterName, ...] = ()


@dataclass(frozen=True, slots=True)
class Parity:
    """The whole comparison. `compared` counts attributes that were held against each other; `set_apart` counts the others by rule."""

    environment: EnvironmentName
    against: EnvironmentName
    depth: Depth
    compared: int
    differences: Sequence[Difference]
    breaches: Sequence[Breach] = ()
    set_apart: Mapping[str, int] = field(default_factory=dict)

    @property
    def unexplained(self) -> Sequence[Difference]:
        return [each for each in self.differences if each.is_unexplained]

    @property
    def by_identity(self) -> Sequence[Difference]:
        """What differs only by identity: name, account, network or host."""
        return [each for each in self.differences if each.aspect == "identity" and not each.is_unexplained]

    @property
    def telling(self) -> Sequence[Difference]:
        """What differs otherwise, and so says something about the clone."""
        return [each for each in self.differences if each.aspect != "identity" or each.is_unexplained]

    @property
    def equal(self) -> int:
        """How many compared attributes are production's own."""
        return self.compared - min(len(self.differences), self.compared)

    @property
    def holds(self) -> bool:
        return not self.unexplained and not self.breaches

    @property
    def score(self) -> float:
        """The share of compared attributes that match production, 0 to 1: equal, or different by identity alone."""
        return 1 - min(len(self.telling), self.compared) / self.compared if self.compared else 1.0
