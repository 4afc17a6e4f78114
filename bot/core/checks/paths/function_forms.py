"""The forms of what Terraform's functions return, given the forms of what they are given.

A function that is not named here may return anything that can be cut out of its arguments.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from typing import TypeAlias

from bot.core.checks.paths.forms import ANY, ANYTHING, FROM_TOP, HERE, LEADS, NOTHING, SOMETHING, UNKNOWN, Forms
from bot.core.checks.paths.of_machine import LONGEST_PATH

Function: TypeAlias = Callable[..., Forms]

_VERB = re.compile(
    r"%(?:\[(?P<first>\d+)\])?(?P<flags>[-+ #0]*)(?P<width>\d*)(?P<precision>\.\d*)?(?:\[(?P<at>\d+)\])?(?P<verb>[a-zA-Z%])"
)


_BEGUN = 64
"""Characters by which a text is known that something is taken off of."""


def _only(forms: Forms) -> str | None:
    """Return the one text that there is, if it is wholly known."""
    (text,) = forms.texts if len(forms.texts) == 1 else (UNKNOWN,)
    return None if UNKNOWN in text or HERE in text else text


def union(*given: Forms) -> Forms:
    """Return the forms of whatever is one of these, or in one of them."""
    found = Forms(frozenset())
    for each in given:
        found |= each
    return found


def cut(*given: Forms) -> Forms:
    return union(*given).cut()


def _coalesce(*given: Forms) -> Forms:
    found = union(*given)
    return Forms.of(*(found.texts - {""}), hidden=found.hidden)


def joined(between: Forms, *lists: Forms | Sequence[Forms]) -> Forms:
    """Return the forms of `join()`; of a list whose elements can't be told apart there may be none, one or more."""
    found: Forms | None = None
    for given in lists:
        if isinstance(given, Forms):
            more = given.then(between).then(given)
            several = NOTHING | given | more | more.then(SOMETHING)
            found = several if found is None else found | found.then(between).then(several)
            continue
        for item in given:
            found = item if found is None else found.then(between).then(item)
    return NOTHING if found is None else found


def _format(pattern: Forms, *given: Forms) -> Forms:
    text = _only(pattern)
    if text is None or "%" in _VERB.sub("", text):
        return cut(pattern, *given)
    found, end, at = NOTHING, 0, 0
    for verb in _VERB.finditer(text):
        found = found.then(Forms.of(text[end : verb.start()]))
        end = verb.end()
        if verb["verb"] == "%":
            found = found.then(Forms.of("%"))
            continue
        at = int(verb["first"] or verb["at"] or at + 1)
        found = found.then(_said(verb, given[at - 1]) if 1 <= at <= len(given) else union(ANYTHING, *given))
    return found.then(Forms.of(text[end:]))


def _said(verb: re.Match[str], given: Forms) -> Forms:
    if verb["verb"] == "c":
        return Forms.of(FROM_TOP)  # a character by its number
    if verb["verb"] not in "sv" or "#" in verb["flags"]:
        return Forms.of(UNKNOWN, hidden=given.signs)
    if verb["precision"] is not None:
        return _substr(given, Forms.of("0"), Forms.of(verb["precision"][1:] or "0"))
    width = min(int(verb["width"] or 0), LONGEST_PATH)
    return Forms.of(*given.texts, *(each.rjust(width) for each in given.texts), hidden=given.hidden)


def _substr(text: Forms, offset: Forms, length: Forms) -> Forms:
    start, size = _only(offset), _only(length)
    if start is None or size is None or not start.isdecimal() or not re.fullmatch(r"-1|[0-9]+", size):
        return text.cut()
    at, count, found = int(start), int(size), Forms(frozenset())
    for form in text.opened.texts:
        known, unknown, _ = form.partition(UNKNOWN)
        end = len(known) if count < 0 else at + count
        if not unknown or (end <= len(known) and count >= 0):
            found |= Forms.of(known[at:end])
        elif at > len(known) or (at == len(known) and at):
            found |= text.cut()
        else:
            found |= Forms.of(form[at:] if count < 0 else known[at:] + UNKNOWN)
    return Forms.of(*found.texts, hidden=found.hidden | text.signs)


def _split(separator: Forms, text: Forms) -> Forms:
    by = _only(separator)
    if not by:
        return text.cut()
    found = {""}
    for form in text.opened.texts:
        if len(by) > 1 and _straddles(by, form):
            return _without(text.cut(), by)
        for element in form.split(by):
            parts = element.split(UNKNOWN)
            found |= {element, parts[-1]} if len(parts) == 1 else {element, UNKNOWN, *parts}
            found |= {f"{each}{UNKNOWN}" for each in parts[:-1]}
    return Forms.of(*found, hidden=text.hidden - {by})


def _without(forms: Forms, sign: str) -> Forms:
    return Forms.of(*(each for each in forms.texts if sign not in each), hidden=forms.hidden - {sign})


def _straddles(what: str, form: str) -> bool:
    """Say whether a text may begin in a known part and end in an unknown one beside it, or the other way round."""
    if UNKNOWN not in form:
        return False
    parts = form.split(UNKNOWN)
    return any(
        part.startswith(what[at:]) or part.endswith(what[:at]) or (part and part != what and part in what)
        for part in parts
        for at in range(1, len(what))
    )


def _replace(text: Forms, what: Forms, by: Forms) -> Forms:
    pattern = _only(what)
    if (
        not pattern
        or (len(pattern) > 1 and pattern[0] == pattern[-1] == "/")
        or any(_straddles(pattern, form) for form in text.opened.texts)
    ):
        return text.cut() | by.cut() | by
    found = Forms(frozenset(), (text.hidden - {pattern}) | by.hidden)
    for other in by.opened.texts:
        gap = Forms.of(other, other + UNKNOWN, UNKNOWN)  # an unknown part may have the pattern in it, or be it
        for form in text.opened.texts:
            parts = (Forms.of(each.replace(pattern, other)) for each in form.split(UNKNOWN))
            found |= _between(parts, gap)
    return found


def _between(parts: Iterable[Forms], gap: Forms) -> Forms:
    return reduce(lambda made, part: made.then(gap).then(part), parts)


def _trimprefix(text: Forms, prefix: Forms) -> Forms:
    begun = _only(prefix)
    if begun is None:
        return text | text.cut()
    found = Forms(frozenset())
    for form in text.opened.texts:
        known, unknown, _ = form.partition(UNKNOWN)
        if unknown and len(known) < len(begun) and begun.startswith(known):
            return text | text.cut()
        found |= Forms.of(form.removeprefix(begun))
    return Forms.of(*found.texts, hidden=text.hidden)


def _shortened(text: Forms, *_: Forms) -> Forms:
    """Return the forms of a text of which something is taken off at its end."""
    found = text.opened
    begun = (each.partition(UNKNOWN)[0].lstrip().partition("\n")[0][:_BEGUN] for each in found.texts)
    return Forms.of(*found.texts, *(each + UNKNOWN for each in begun if each), "", hidden=found.signs)


def _trimspace(text: Forms) -> Forms:
    """Return the forms without blanks at their ends, of which an unknown part may be made."""
    stripped = (each.strip() for each in text.texts)
    both = (part for each in stripped for part in (each, each.lstrip(UNKNOWN).lstrip()))
    return Forms.of(*text.texts, *both, hidden=text.hidden)


def _decoded(sign: str) -> Function:
    def decoded(*given: Forms) -> Forms:
        found = cut(*given)
        return found | Forms.of(FROM_TOP) if sign in found.hidden else found

    return decoded


def _encoded(*given: Forms) -> Forms:
    """Return the forms of another text, which is empty if what it is made from is."""
    whole = union(*given)
    return Forms.of(UNKNOWN, *({""} & whole.texts), hidden=whole.signs)


def _never_empty(*given: Forms) -> Forms:
    return Forms.of(UNKNOWN, hidden=union(*given).signs)


def _abspath(text: Forms) -> Forms:
    texts = (each if Forms.of(each).is_path("") else f"{HERE}/{each}" for each in text.texts)
    return Forms.of(*texts, hidden=text.hidden)


def _dirname(text: Forms) -> Forms:
    return _shortened(text) | Forms.of(".")


def _formatdate(pattern: Forms, *_: Forms) -> Forms:
    """Return the forms of a date: what is in quotes, and what is no letter, is kept."""
    return Forms.of(*(each.lstrip("'") + UNKNOWN for each in pattern.texts), hidden=pattern.signs)


def _by_second(of: Function) -> Function:
    return lambda _, *given: of(*given)


ELEMENTS = frozenset(
    {
        "coalesce", "coalescelist", "concat", "distinct", "element", "flatten", "lookup", "merge", "nonsensitive", "one",
        "reverse", "sensitive", "slice", "tolist", "tomap", "toset", "try", "values",
    }
)  # fmt: skip
"""Functions that return what they are given, or what is in it, under the names that it has there."""
_SAME = frozenset(
    {
        "chunklist", "coalescelist", "concat", "distinct", "element", "ephemeralasnull", "flatten", "indent", "issensitive",
        "keys", "lower", "matchkeys", "merge", "nonsensitive", "one", "pathexpand", "reverse", "sensitive", "setintersection",
        "setproduct", "setsubtract", "setunion", "slice", "sort", "title", "tolist", "tomap", "toset", "tostring", "transpose",
        "try", "upper", "values", "zipmap",
    }
)  # fmt: skip
"""Functions whose result has nothing in it that they are not given."""
_COUNTED = frozenset(
    {
        "abs", "alltrue", "anytrue", "base64sha256", "base64sha512", "bcrypt", "can", "ceil", "cidrcontains", "cidrhost",
        "cidrnetmask", "cidrsubnet", "cidrsubnets", "contains", "endswith", "filebase64sha256", "filebase64sha512", "filemd5",
        "filesha1", "filesha256", "filesha512", "floor", "index", "length", "log", "max", "md5", "min", "parseint",
        "plantimestamp", "pow", "range", "sha1", "sha256", "sha512", "signum", "startswith", "strcontains", "sum", "timeadd",
        "timecmp", "timestamp", "tobool", "tonumber", "uuid", "uuidv5",
    }
)  # fmt: skip
"""Functions that return a number, true or false, a digest, an address or a time."""

_FORMS: Mapping[str, Function] = {
    **dict.fromkeys(_SAME, union),
    **dict.fromkeys(_COUNTED, lambda *_: SOMETHING),
    **dict.fromkeys(("base64gzip", "csvencode", "jsonencode", "yamlencode"), _never_empty),
    **dict.fromkeys(("base64encode", "urlencode"), _encoded),
    "textencodebase64": lambda text, *_: _encoded(text),
    # What a file says is held against bounds of its own; it may be empty.
    **dict.fromkeys(("file", "filebase64", "templatefile", "templatestring"), lambda *_: ANYTHING),
    "fileset": lambda *_: SOMETHING,
    "abspath": _abspath,
    "basename": lambda text: _without(text.cut(), "/"),
    "base64decode": _decoded(ANY),
    "base64gunzip": _decoded(ANY),
    "chomp": _shortened,
    "coalesce": _coalesce,
    "compact": _coalesce,
    "dirname": _dirname,
    "format": _format,
    "formatdate": _formatdate,
    "formatlist": _format,
    "join": joined,
    "lookup": lambda given, _, *default: union(given, *default),
    "jsondecode": _decoded("\\"),
    "regex": _by_second(cut),
    "regexall": _by_second(cut),
    "replace": _replace,
    "rsadecrypt": _decoded(ANY),
    "split": _split,
    "substr": _substr,
    "textdecodebase64": _decoded(ANY),
    "trim": lambda text, *_: text.cut(),
    "trimprefix": _trimprefix,
    "trimspace": _trimspace,
    "trimsuffix": _shortened,
    "urldecode": _decoded("%"),
    "yamldecode": _decoded("\\"),
}

_TAKE_APART = frozenset({"replace", "split", "substr", "trimprefix"})
"""Functions that are followed sign by sign: what is hidden may come to light by each."""


def forms_of_call(name: str, given: Sequence[Forms]) -> Forms:
    """Return the forms of what a function returns."""
    if name in _TAKE_APART:
        given = [each | Forms.of(UNKNOWN, hidden=each.hidden).cut() if each.hidden & LEADS else each for each in given]
    try:
        return _FORMS.get(name, cut)(*given)
    except (TypeError, ValueError):  # Terraform refuses that many arguments, or such a number
        return cut(*given)
