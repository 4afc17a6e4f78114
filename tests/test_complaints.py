"""What pydantic says reaches nobody as it says it: people read our words, whatever was wrong with a value."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic_core import PydanticKnownError
from pydantic_core.core_schema import ErrorType

import bot
from bot.complaints import plainly

NEVER_OF_A_DOCUMENT = {"arguments_type", "named_tuple_type"}
"""What is wrong with Python objects, and we validate none."""


def messages() -> Iterator[tuple[str, str]]:
    """Yield each kind of error with what it says; each value that it asks for is `7` or `a`."""
    for kind in get_args(ErrorType):
        context: dict[str, object] = {}
        for _ in range(6):
            try:
                yield kind, PydanticKnownError(kind, context or None).message()
                break
            except TypeError as error:
                asked = next((word for word in re.findall(r"'(\w+)'", str(error)) if word != kind), kind)
                context[asked] = 7 if asked in context or asked == "multiple_of" else "a"


MESSAGES = dict(messages())


def test_most_kinds_of_errors_are_looked_at() -> None:
    assert len(MESSAGES) > 90


def test_nobody_reads_of_inputs_and_classes_of_errors() -> None:
    of_validators = re.compile(r"\b[Ii]nputs? |Value error|Assertion failed|discriminator|dictionary|boolean|should")
    said = {kind: plainly(message) for kind, message in MESSAGES.items() if kind not in NEVER_OF_A_DOCUMENT}
    assert {kind: text for kind, text in said.items() if of_validators.search(text)} == {}


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("Value error, 'pdf' is not one of 'text', 'json'.", "'pdf' is not one of 'text', 'json'."),
        ("Value error, Input should be ours", "Input should be ours"),
        ("Input should be a valid integer, unable to parse string as an integer", "must be a whole number"),
        ("Input should be 'a', 'b' or 'c'", "must be 'a', 'b' or 'c'"),
        ("Input should be greater than or equal to 1", "must be at least 1"),
        ("Tuple should have at most 5 items after validation, not 6", "must have at most 5 items"),
        ("List should have at least 1 item after validation, not 0", "must not be empty"),
        ("String should match pattern '^a$'", "must match the pattern '^a$'"),
        (
            "Input tag 'x' found using 'type' does not match any of the expected tags: 'bool', 'cidr'",
            "type 'x' does not exist. Choose from 'bool', 'cidr'",
        ),
        ("dir '/nowhere' does not exist.", "dir '/nowhere' does not exist."),
    ],
)
def test_a_message_says_what_must_be_there(message: str, said: str) -> None:
    assert plainly(message) == said


def test_every_reader_of_a_validators_message_says_it_plainly() -> None:
    sources = (path for path in Path(bot.__file__).parent.rglob("*.py") if "sandbox" not in path.parts)
    lines = (line for path in sources for line in path.read_text("utf-8").splitlines())
    read = [line.strip() for line in lines if re.search(r"""\[["']msg["']\]""", line)]
    assert read
    assert [line for line in read if "plainly(" not in line] == []
