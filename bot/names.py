"""Names, validated once: whoever holds one of these types holds a name that is safe in a path, a branch, DNS and HCL.

Every name is a `str`, so it formats and serialises as one; building it from anything else than a valid name raises
`InvalidInput`. The grammar is an allow-list: names can't be escaped safely in every place where they stand.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Any, ClassVar, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from bot.errors import InvalidInput

DEVICES = frozenset(
    {"aux", "con", "nul", "prn", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}
)
"""Names of devices on Windows, which can't be directories there, so that the whole repository can't be checked out.

Source: https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file
"""

RESERVED = DEVICES | frozenset(
    {"all", "any", "default", "envs", "global", "head", "main", "master", "none", "null", "self", "shared", "templates"}
)
"""Words that mean something else in git, Terraform, or in our commands, and so name no environment."""

# What a reader mistakes for one another in common typefaces (Unicode TR 39's idea, kept to our alphabet).
_LOOK_ALIKE_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_LOOK_ALIKES = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s", "-": ""})
_LATIN = dict(zip("аеорсухіјѕԁһӏАВЕКМНОРСТХοανιΑΒΕΗΙΚΜΝΟΡΤΧ", "aeopcyxijsdhlABEKMHOPCTXoaviABEHIKMNOPTX", strict=True))  # noqa: RUF001
"""Cyrillic and Greek letters, and the Latin ones that they look like."""
_IN_FULL = {"prd": "production", "prod": "production", "stage": "staging", "stg": "staging"}
"""What people say for short, and take for the same."""
_DOUBLED = re.compile(r"([a-z])\1+")


KINDS_OF_STEPS = frozenset({"hook", "stack"})
"""What the address of a step itself begins with."""


def opening_text(number: int) -> int:
    """Return what the text that an issue or pull request was opened with has in the place of a comment's id.

    People take that text for the first comment, but GitHub gives it no id of its own. Comments' ids are positive.
    """
    return -number


class Name(str):
    """A validated name; subclasses set what is allowed."""

    what: ClassVar[str] = "name"
    pattern: ClassVar[str]
    longest: ClassVar[int]
    rule: ClassVar[str]
    _compiled: ClassVar[re.Pattern[str]]

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        cls._compiled = re.compile(cls.pattern)

    def __new__(cls, text: str) -> Self:
        # Read again and again, out of every manifest: those of ten thousand environments are read at a start.
        return text if isinstance(text, cls) else cls._made(text)

    @classmethod
    @lru_cache(maxsize=2**16)
    def _made(cls, text: str) -> Self:
        if len(text) > cls.longest or cls._compiled.fullmatch(text) is None:
            raise InvalidInput(
                f"{shown(text)} is not a valid {cls.what}. Use {cls.rule}, at most {cls.longest} characters.{cls.hint(text)}"
            )
        cls.check(text)
        return str.__new__(cls, text)

    @classmethod
    def check(cls, text: str) -> None:
        """Refuse what the pattern can't say. Raises `InvalidInput`."""

    @classmethod
    def hint(cls, text: str) -> str:
        """Return what else to say of a text that is no such name; a sentence with a blank before it, or nothing."""
        return ""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls, core_schema.str_schema(strict=True), serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "pattern": f"^(?:{cls.pattern})$", "maxLength": cls.longest, "description": cls.rule}


class EnvironmentName(Name):
    """The name of an environment: a DNS label that also fits into a load balancer's name (32) with room for a suffix."""

    what = "environment name"
    pattern = "[a-z][a-z0-9]*(-[a-z0-9]+)*"
    longest = 24
    rule = "lower-case letters, digits and single hyphens, starting with a letter"

    @classmethod
    def check(cls, text: str) -> None:
        if text in DEVICES:
            raise InvalidInput(
                f"`{text}` is the name of a device on Windows, where no directory can have it. "
                f"Choose another name, for example `{text}-1`."
            )
        if text in RESERVED:
            raise InvalidInput(f"`{text}` is reserved. Choose another name, for example `{text}-1`.")
        if len(text) < 2:
            raise InvalidInput(f"`{text}` is too short for an environment name. Use at least 2 characters.")

    @classmethod
    def hint(cls, text: str) -> str:
        if "/" not in text:
            return ""
        return (
            " A name has no directories in it, and `/list` shows all. Where the policy's `roots` name a further pair, its names begin "
            "with the pair's (`payments-demo`)."
        )


class TemplateName(Name):
    """The name of a directory in `templates/`."""

    what = "template name"
    pattern = "[a-z][a-z0-9]*(-[a-z0-9]+)*"
    longest = 40
    rule = "lower-case letters, digits and single hyphens, starting with a letter"


class StepName(Name):
    """The name of a step (a stack or a hook). A stack's is also the path of its directory (`network/vpc`); a hook's is one word."""

    what = "step name"
    pattern = "[a-z][a-z0-9]*([-_][a-z0-9]+)*(/[a-z][a-z0-9]*([-_][a-z0-9]+)*)*"
    longest = 80
    longest_word: ClassVar[int] = 40
    rule = (
        "lower-case letters, digits and single hyphens or underscores, starting with a letter (`network`; a stack's may be a path of "
        "such words, `network/vpc`)"
    )

    @classmethod
    def check(cls, text: str) -> None:
        first, *below = text.split("/")
        if (longest := max((first, *below), key=len)) and len(longest) > cls.longest_word:
            raise InvalidInput(
                f"{shown(longest)} is too long for a {cls.what}. Use at most {cls.longest_word} characters between slashes."
            )
        if below and first in KINDS_OF_STEPS:
            # `stack/app` is the address of the step itself.
            raise InvalidInput(
                f"`{text}` can't be told from the address of a {first}. Choose another name than `{first}/`."
            )

    @property
    def word(self) -> str:
        """The name where no slash may stand; no two stacks of an environment have the same one."""
        return self.replace("/", "-")


class MigrationName(Name):
    """The name of a migration of a template; two templates may have one of the same name."""

    what = "migration name"
    pattern = "[a-z][a-z0-9]*([-_][a-z0-9]+)*"
    longest = 40
    rule = "lower-case letters, digits and single hyphens or underscores, starting with a letter"


class ParameterName(Name):
    """The name of a parameter, an output or an input: a Terraform and Jinja identifier."""

    what = "parameter name"
    pattern = "[a-z][a-z0-9_]*"
    longest = 60
    rule = "lower-case letters, digits and underscores, starting with a letter"


class PurposeName(Name):
    """The name of a purpose of a template."""

    what = "purpose"
    pattern = "[a-z][a-z0-9]*(-[a-z0-9]+)*"
    longest = 30
    rule = "lower-case letters, digits and single hyphens, starting with a letter"


class Login(Name):
    """A GitHub login: alphanumeric and single hyphens, 39 at most; bots end in `[bot]`, Enterprise Managed Users in `_short`."""

    what = "GitHub login"
    pattern = r"[A-Za-z0-9](?:[A-Za-z0-9]|-(?=[A-Za-z0-9]))*(_[A-Za-z0-9]{1,8}|\[bot\])?"
    longest = 45
    rule = "letters, digits and single hyphens"


class RepositoryName(Name):
    """`owner/name` of a GitHub repository."""

    what = "repository name"
    pattern = r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}"
    longest = 140
    rule = "`owner/name`"


def is_valid(kind: type[Name], text: str) -> bool:
    """Say whether `text` is a name of this kind."""
    try:
        kind(text)
    except InvalidInput:
        return False
    return True


def shown(text: str, longest: int = 60) -> str:
    """Quote `text` for a message as it was typed: what can't be seen is named, long text is cut, no Markdown is broken."""
    printable = "".join(_seen(c) for c in text[: longest + 1])
    quoted = f"`{printable[:longest]}…`" if len(text) > longest or len(printable) > longest else f"`{printable}`"
    alike = next((c for c in text[:longest] if c in _LATIN), None)
    is_foreign = any(c.isalpha() and not c.isascii() and c not in _LATIN for c in text[:longest])
    if alike is None or is_foreign:  # a word that plainly is of another alphabet misleads nobody
        return quoted
    return f"{quoted} (with {alike}, {unicodedata.name(alike).lower()}, which is not the letter {_LATIN[alike]})"


def _seen(character: str) -> str:
    if character == "`":
        return "'"
    return character if character.isprintable() else f"<U+{ord(character):04X}>"


def latin(text: str) -> str:
    """Return `text` with the letters of other alphabets that look like Latin ones as those, and without accents and invisible characters."""
    alike = "".join(_LATIN.get(c, c) for c in text)
    return "".join(c for c in unicodedata.normalize("NFKD", alike) if unicodedata.category(c) not in {"Mn", "Cf"})


def confusable(one: str, other: str) -> bool:
    """Say whether two different names could be taken for one another by a reader."""
    return one != other and skeleton(one) == skeleton(other)


def resembles(name: str, protected: str) -> bool:
    """Say whether a name could be taken for a protected one: `confusable`, said for short, or different in doubled letters."""
    return name != protected and not _taken_for(name).isdisjoint(_taken_for(protected))


def _taken_for(name: str) -> set[str]:
    in_full = "-".join(_IN_FULL.get(skeleton(word), word) for word in name.split("-"))
    # Letters alone: `prod-1` and `prod-11` are two numbers.
    return {skeleton(_DOUBLED.sub(r"\1", each)) for each in (name, in_full)}


@lru_cache(maxsize=2**16)  # each clone is compared with all the others
def skeleton(text: str) -> str:
    """Return what a reader sees of a name at a glance: the same for all that are `confusable`."""
    for pair, single in _LOOK_ALIKE_PAIRS:
        text = text.replace(pair, single)
    return text.translate(_LOOK_ALIKES)
