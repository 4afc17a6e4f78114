"""Numbers as Terraform has them: decimals of great precision. What a float can't hold exactly is not known here, never rounded.

Source: Terraform's numbers are arbitrary-precision floating point, https://developer.hashicorp.com/terraform/language/expressions/types.
"""

import re
from decimal import Decimal
from fractions import Fraction

_WRITTEN = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
LONGEST = 300
"""Digits of a number that is read: far beyond any that code has, and few enough that a text can't stand for gigabytes."""


class NotExact(ArithmeticError):
    """A number that would have to be rounded, or is none."""


def exact(value: float) -> Fraction:
    """Return the number that a value was written as."""
    return Fraction(value) if isinstance(value, int) else Fraction(repr(value))


def held(found: Fraction) -> int | float:
    """Return a result as a value. Raises `NotExact` where a float has another value."""
    if found.denominator == 1:
        if abs(found.numerator) >= 10**LONGEST:
            raise NotExact("the number is too large")
        return found.numerator
    value = float(found)
    if Fraction(repr(value)) != found:
        raise NotExact("the number has no exact decimal")
    return value


def read(text: str) -> int | float:
    """Return the number that a text is. Raises `NotExact`."""
    if len(text) > LONGEST or not _WRITTEN.fullmatch(text):
        raise NotExact(f"{text[:40]} is not a number")
    if text.isdigit() and text.isascii():  # nearly all are; a fraction takes ten times as long
        return int(text)
    exponent = re.split("[eE]", text)[1:]
    if exponent and abs(int(exponent[0])) > LONGEST:
        raise NotExact(f"{text[:40]} is out of bounds")
    return held(Fraction(text))


def number_text(value: float) -> str:
    """Return a number as Terraform writes it, without an exponent."""
    if isinstance(value, int):
        return str(value)
    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
