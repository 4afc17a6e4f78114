"""How much may be evaluated: whatever a pull request's code says, evaluation ends soon and needs little memory.

A step is one expression evaluated, or one more part of the value that it came to. An expression that takes too many is
unknown, which is counted and shown; a stack that takes too many is refused whole. Steps are counted, never seconds, so that
the same code comes to the same values on any machine.
"""

from dataclasses import dataclass

from bot.core.hcl.values import Encoded, HclValue, Unknown
from bot.errors import InvalidInput

MOST_OF_AN_EXPRESSION = 100_000
MOST_OF_A_STACK = 250_000
"""The shipped template's largest stack takes 1,300."""
OF_A_MODULE = 100
"""Steps that a module inside another one takes before anything in it is evaluated."""
CHARACTERS = 64
"""Characters of a text that count as one step."""
BITS = 512
"""Bits of a number that count as one step; Terraform's own numbers have no more."""


class TooLarge(Exception):
    """An expression takes more steps than one may. Never seen outside of the evaluation."""


@dataclass(slots=True)
class Budget:
    """The steps that are left to a stack."""

    left: int = MOST_OF_A_STACK

    def spend(self, steps: int) -> None:
        """Count steps. Raises `InvalidInput` when there are none left."""
        self.left -= steps
        if self.left < 0:
            raise InvalidInput(
                f"the code takes more than {MOST_OF_A_STACK:,} steps to evaluate. Reduce what its `for`, `count` or "
                "`for_each` produce."
            )


@dataclass(slots=True)
class EvaluationSteps:
    """The steps of one expression, which are also its stack's."""

    of: Budget
    left: int = MOST_OF_AN_EXPRESSION

    def spend(self, value: HclValue) -> None:
        """Count an evaluated expression with what it came to. Raises `TooLarge`, `InvalidInput`."""
        text = value.text if isinstance(value, Unknown) else value
        steps = 1 + len(text) // CHARACTERS if isinstance(text, str) else weight(text, self.left)  # most are texts
        self.left -= steps
        self.of.spend(steps)
        if self.left < 0:
            raise TooLarge


def weight(value: HclValue, most: int) -> int:
    """Return how many parts a value has, long texts counting as several; beyond `most` it is not counted to its end."""
    count = 0
    left: list[tuple[HclValue, int]] = [(value, 1)]
    while left and count <= most:
        item, times = left.pop()
        match item:
            case str():
                count += times * (1 + len(item) // CHARACTERS)
            case dict():
                count += times * (1 + sum(map(len, item)) // CHARACTERS)
                left += [(inner, times) for inner in item.values()]
            case list():
                count += times
                left += [(inner, times) for inner in item]
            case Unknown():
                count += times * (1 + len(item.text) // CHARACTERS)
            case int() if not isinstance(item, bool):
                count += times * (1 + item.bit_length() // BITS)
            case Encoded():
                count += times
                # Each quote inside becomes two characters, so texts in one another may double with each.
                left.append((item.value, times * 2))
            case _:
                count += times
    return count
