"""A text of a template to fill in, and who does that where it may not end: apart from `fill`, which has to load Jinja2."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from bot.errors import InvalidInput

if TYPE_CHECKING:  # the process that fills starts several times as fast without pydantic
    from bot.model.pipeline import Json


class NotFilled(InvalidInput):
    """The text can't be filled: why, and at which line if that is known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message, self.line = message, line


@dataclass(frozen=True, slots=True)
class Filling:
    """A text, the values in it, and whether it is HCL: else values are escaped for JSON and YAML."""

    text: str
    values: "Mapping[str, Json]"
    is_hcl: bool


Fill: TypeAlias = Callable[[Filling], str]


class Elsewhere:
    """Where this process has texts evaluated that are not plain; None: in itself."""

    fill: ClassVar[Fill | None] = None


def elsewhere(fill: Fill | None) -> None:
    """Let `fill` evaluate what is not plain, from now on and in the whole process."""
    Elsewhere.fill = staticmethod(fill) if fill is not None else None
