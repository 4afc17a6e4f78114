"""The shape of a secret's value: which fields it has, and how each gets a value that is copied from nowhere."""

import json
import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from bot.errors import InvalidInput
from bot.hooks.aws.session import code_of, speaking
from bot.hooks.kind import HookFailed, HookModel
from bot.model.pipeline import Json
from bot.names import shown

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_ALPHABETS = {
    "letters-digits": string.ascii_letters + string.digits,
    "digits": string.digits,
    "hex": "0123456789abcdef",
    # Without what databases, URLs and shells give a meaning to.
    "printable": string.ascii_letters + string.digits + "!#%*+,-.:=?^_~",
}
_UNREADABLE = frozenset({"AccessDenied", "AccessDeniedException", "ResourceNotFoundException", "DecryptionFailure"})


class SecretField(HookModel):
    """One text: either generated or a given test value, which is no secret (it is in the repository)."""

    generate: Annotated[int | None, Field(ge=8, le=4096, description="How many characters to generate.")] = None
    alphabet: Literal["letters-digits", "digits", "hex", "printable"] = "letters-digits"
    value: Annotated[str | None, Field(description="A value for tests, as it is.")] = None

    @model_validator(mode="after")
    def _one_origin(self) -> "SecretField":
        if (self.generate is None) == (self.value is None):
            raise InvalidInput("say either `generate: <characters>` or `value: <test value>`")
        return self

    def __str__(self) -> str:
        return f"{self.generate} generated characters" if self.generate else "a given test value"


@dataclass(frozen=True, slots=True)
class Shape:
    """The fields of a value that is a JSON object; or `text`, the one field of a value that is none."""

    fields: Mapping[str, SecretField]
    text: SecretField | None = None

    def __str__(self) -> str:
        return (
            str(self.text) if self.text else ", ".join(f"{shown(name)} {field}" for name, field in self.fields.items())
        )

    def value(self, keep_secret: Callable[[Json], None]) -> str:
        """Return a value of this shape; what is generated is told to `keep_secret` first."""
        if self.text is not None:
            return _text(self.text, keep_secret)
        return json.dumps({name: _text(field, keep_secret) for name, field in self.fields.items()})

    def lacking(self, value: str) -> list[str]:
        """Return what a value lacks to be of this shape."""
        if self.text is not None:
            return [] if value else ["any text"]
        parsed = parsed_value(value)
        return sorted(self.fields.keys() - (parsed.keys() if isinstance(parsed, dict) else set()))


def copied(names: frozenset[str] | None, declared: Shape, otherwise: SecretField | None) -> Shape:
    """Return the shape of a source with these field names (None: one text), each field as declared or as `otherwise`.

    Raises `HookFailed` that names the fields for which nothing says what replaces the source's value.
    """
    if names is None:
        text = declared.text or otherwise
        if text is None:
            raise HookFailed("The source's value is one text: say what replaces it, in `text`.", is_final=True)
        return Shape({}, text)
    if otherwise is None and (open_fields := sorted(names - declared.fields.keys())):
        raise HookFailed(
            f"The source has fields that nothing replaces: {', '.join(map(shown, open_fields))}. Give each a value in "
            "`fields`, or all of them one in `otherwise`.",
            is_final=True,
        )
    fields = {**declared.fields}
    for name in sorted(names - fields.keys()):
        assert otherwise is not None
        fields[name] = otherwise
    return Shape(fields)


class UnreadableShape(Exception):
    """The source is not there, or may not be read; the message says which."""


def field_names(client: "SecretsManagerClient", secret_id: str) -> frozenset[str] | None:
    """Return the names of a secret's fields; None when its value is one text. Raises `UnreadableShape`, `HookFailed`.

    This is the only place where a source's value is, and nothing but names leaves it: the value is in no log, no error and
    no list of what to mask, which would be one more place that holds it.
    """
    try:
        with speaking(f"the reading of the shape of {shown(secret_id)}"):
            answer = client.get_secret_value(SecretId=secret_id)
    except HookFailed as failure:
        if code_of(failure) in _UNREADABLE:
            raise UnreadableShape(code_of(failure)) from None
        raise
    parsed = parsed_value(answer.get("SecretString", ""))
    return frozenset(parsed) if isinstance(parsed, dict) else None


def parsed_value(value: str) -> Json:
    """Return a value as the JSON that it is, or as the text that it is."""
    try:
        parsed: Json = json.loads(value)
    except ValueError:
        return value
    return parsed


def _text(field: SecretField, keep_secret: Callable[[Json], None]) -> str:
    if field.value is not None:
        return field.value
    alphabet = _ALPHABETS[field.alphabet]
    generated = "".join(secrets.choice(alphabet) for _ in range(field.generate or 0))
    keep_secret(generated)
    return generated
