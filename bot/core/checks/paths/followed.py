"""What a text may come to that hangs on something another resource comes to: a path of the machine that the code gave that resource.

A resource's own arguments are put in where they are referred to (`EvaluationChoices.follows`). What is left are attributes that providers
make: any of them may repeat what its resource was given, as `template_file` and `random_pet` do. Of the cloud's own resources that is
their `id` alone.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import partial

from bot.core.checks.gate_rules import HARMLESS, GateRules
from bot.core.checks.paths.forms import FROM_TOP, MOST, SOMETHING, UNKNOWN, WORD, Forms, signs
from bot.core.checks.paths.written import Allowance, forms_of, is_path_written, nothing_known, steps_of
from bot.core.hcl.parser import unknown_expression
from bot.core.hcl.result import Thing
from bot.core.hcl.syntax.ast import parts_of
from bot.core.hcl.values import Scalar, Unknown
from bot.errors import InvalidInput

_BLOCK = re.compile(r"(?:^|[./])((?:(?:data|ephemeral)\.)?[A-Za-z_][\w-]*\.[A-Za-z_][\w-]*)$")
_MODES = frozenset({"data", "ephemeral"})
_OF_THE_CALL = frozenset({"source", "version"})
"""What a module call is not given."""
_BEGINS = re.compile(r"\s*(?:[/~]|\.\.|file:)|.*/\.\.", re.IGNORECASE | re.DOTALL)
"""What a text is like that is put into another one: a path, or the way up on one. Of any other only the signs count."""
_OF_MACHINE = frozenset({*(each.removeprefix("hashicorp/") for each in HARMLESS), "cloudinit", "template"})
"""What types of resources begin with, of providers that make up values themselves."""
_ENOUGH = MOST // 4
_WHATEVER = Forms.of("", UNKNOWN, FROM_TOP, f"../{UNKNOWN}", hidden=signs("/~..file:\\%"))


class Followed:
    """What the code gives the resources of a stack, by how it refers to them."""

    def __init__(self, things: Sequence[Thing], rules: GateRules) -> None:
        self.rules = rules
        self._given: dict[str, list[tuple[str, Scalar | Unknown]]] = defaultdict(list)
        self._forms: dict[str, Forms] = {}
        self._allowance = Allowance()
        for thing in things:
            found = _BLOCK.search(thing.block)
            if found is not None and not found[1].startswith("var."):
                names = filter(_of_call if found[1].startswith("module.") else None, thing.leaves)
                self._given[found[1]] += ((name, thing.leaves[name].value) for name in names)

    def path_in(self, argument: str, value: Unknown) -> str | None:
        """Return the attribute by which a text may come to a path of the machine; nothing where it may whatever the references in it come to.

        None is returned where nothing is known by which it does.
        """
        asked: list[Sequence[str]] = []

        def unknown(steps: Sequence[str]) -> Forms:
            asked.append(steps)
            return nothing_known(steps)

        if is_path_written(argument, value, unknown, self._allowance):
            return ""
        # Read again only where more is known of a reference than it was read with: most texts have none such.
        if all(self.forms(steps) == nothing_known(steps) for steps in asked) or not is_path_written(
            argument, value, self.forms, self._allowance
        ):
            return None
        found = [steps for part in parts_of(unknown_expression(value)) if len(steps := steps_of(part)) > 1]
        for steps in found:
            if is_path_written(argument, value, partial(self._only, steps), self._allowance):
                return _named(steps)
        return _named(found[0]) if found else "something that is not known"

    def _only(self, which: Sequence[str], steps: Sequence[str]) -> Forms:
        return self.forms(steps) if steps == which else nothing_known(steps)

    def forms(self, steps: Sequence[str]) -> Forms:
        """Return the forms of what a reference comes to, as far as the code decides them."""
        at = 2 if steps[0] in _MODES else 1
        kind, reference = steps[at - 1], ".".join(steps[: at + 1])
        if reference not in self._given or (
            kind.startswith(self.rules.cloud.prefix) and steps[at + 1 : at + 2] != ["id"]
        ):
            return nothing_known(steps)
        if reference not in self._forms:
            self._forms[reference] = SOMETHING  # whoever refers to itself comes to nothing else by that
            self._forms[reference] = self._given_to(reference, is_echo=self._is_echo(kind))
        return self._forms[reference]

    def _is_echo(self, kind: str) -> bool:
        """Say whether resources of a type may give back any part of what they are given, since no service stands behind them that we know."""
        return kind.partition("_")[0] in _OF_MACHINE or kind == "terraform_data" or not self.rules.knows_files_of(kind)

    def _given_to(self, reference: str, *, is_echo: bool) -> Forms:
        """Return the forms of an attribute of a resource. With `is_echo` any part of what it is given may be any part of the attribute."""
        found, hidden = {UNKNOWN}, set[str]()
        for name, value in self._given[reference]:
            if not isinstance(value, str | Unknown):
                continue
            forms = Forms.of(value) if isinstance(value, str) else self._of_unknown(value)
            found |= {""} & forms.texts if is_echo and name.isidentifier() else set()
            found |= {part for each in forms.texts if _BEGINS.match(each) for part in (each, f"{each}{WORD}{UNKNOWN}")}
            if is_echo:
                found |= {WORD} if any(each.strip(UNKNOWN) for each in forms.texts) else set()
                hidden |= forms.hidden.union(*map(signs, forms.texts))
        if len(found) > _ENOUGH:
            return Forms.of(*_WHATEVER.texts, hidden=hidden)
        return Forms.of(*found, hidden=hidden)

    def _of_unknown(self, value: Unknown) -> Forms:
        try:
            return forms_of(unknown_expression(value), self.forms, self._allowance)
        except (InvalidInput, RecursionError):
            return _WHATEVER


def _named(steps: Sequence[str]) -> str:
    at = 2 if steps[0] in _MODES else 1
    return ".".join(steps[: at + 2])


def _of_call(argument: str) -> bool:
    """Say whether a module may give back what it is handed as a text: what lies deep in a value is rarely that, but a path to ask for."""
    return argument not in _OF_THE_CALL and argument.isidentifier()
