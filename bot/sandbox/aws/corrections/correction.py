"""What a correction of moto is: a place where moto 5.2 differs from AWS, and the AWS behaviour that it restores."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

AwsFunction: TypeAlias = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class EmulatorCorrection:
    """One difference between moto and AWS that Terraform notices.

    `restores` says what AWS does, `without` what goes wrong otherwise, `install` puts it right in this process.
    """

    name: str
    restores: str
    without: str
    install: Callable[[], None]


def wrap(owner: object, name: str, around: Callable[[Any], Any]) -> None:
    """Replace the method or property `owner.name` by what `around` makes of it. Raises `AttributeError` if moto has moved it."""
    setattr(owner, name, around(getattr(owner, name)))
