"""What a row of the table of commands says: the words in their places, the options, and how the whole is written."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.commands.model import Command
from bot.model.policy import Permission


def _nothing_near(_: str) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Slot:
    """A word in a fixed place, behind `keyword` if it has one; a map takes every `key=value` that is left, one at least, a list every word.

    Behind an `@` it says when, for the field `when`. One with a `label` may stand anywhere: `label=value`, or the bare label of one that `is_flag`.

    `default` has words for what is meant without any.

    `nearest` returns what a text that can't be read was probably meant to be.
    """

    field: str
    about: str
    read: Callable[[str], object]
    keyword: str | None = None
    optional: bool = False
    write: Callable[[Any], str] = str
    is_map: bool = False
    is_list: bool = False
    when: str | None = None
    label: str | None = None
    is_flag: bool = False
    default: frozenset[str] = frozenset()
    nearest: Callable[[str], str | None] = _nothing_near

    @property
    def usage(self) -> str:
        if self.is_map:
            return "<key=value>…"
        if self.is_list:
            return f"[<{self.field}>…]"
        if self.label:
            return f"[{self.label}]" if self.is_flag else f"[{self.label}=<{self.field}>]"
        text = f"{self.keyword} <{self.field}>" if self.keyword else f"<{self.field}>"
        text += f"[@<{self.when}>]" if self.when else ""
        return f"[{text}]" if self.optional else text


@dataclass(frozen=True, slots=True)
class Option:
    """`--flag <value>`, `--flag <key=value>` any number of times, or `--flag` alone; `required` ones must stand there."""

    flag: str
    about: str
    read: Callable[[str], object]
    write: Callable[[Any], str] = str
    metavar: str | None = None
    is_map: bool = False
    required: bool = False
    nearest: Callable[[str], str | None] = _nothing_near
    named: str = ""
    """The field's name, if the flag's own word can't be one."""

    @property
    def field(self) -> str:
        return self.named or self.flag.replace("-", "_")

    @property
    def usage(self) -> str:
        text = f"--{self.flag} <{self.metavar}>" if self.metavar else f"--{self.flag}"
        bracketed = text if self.required else f"[{text}]"
        return f"{bracketed}…" if self.is_map else bracketed


@dataclass(frozen=True, slots=True)
class Spec:
    """One command: how it is written, what it does, and which permission of the policy it needs.

    `in_checkout` says whether the same sentence works on the command line, in a checkout; `is_shared` whether other bots know the bare
    verb too, so that without a word behind it it is none of ours.
    """

    verb: str
    model: type[Command]
    about: str
    permission: Permission
    example: str
    slots: tuple[Slot, ...] = ()
    options: tuple[Option, ...] = ()
    in_checkout: bool = False
    is_shared: bool = False

    @property
    def usage(self) -> str:
        return " ".join(
            [f"/{self.verb}", *(slot.usage for slot in self.slots), *(option.usage for option in self.options)]
        )
