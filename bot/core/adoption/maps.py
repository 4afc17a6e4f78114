"""Maps of a template that have an entry for each environment, where a clone would look for its own in vain."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from bot.core.adoption.literals import LiteralAt, items
from bot.core.adoption.search import others_entries
from bot.core.parity.directories.likeness import production_words
from bot.core.rendering.assemble import TemplateAt
from bot.core.rendering.render import ENDING
from bot.core.tree import HCL_CODE
from bot.errors import Finding, InvalidInput

_CODE: Final = (*HCL_CODE, ".tfvars", ".tfvars.json")
_STATEMENT: Final = re.compile(rb"\{%.*?%\}")


def maps_by_environment(template: TemplateAt, label: str) -> Iterator[Finding]:
    """Yield the maps of a template with an entry for production, that was at `label`, and for others; one that takes a parameter for its key is none."""
    words = production_words(label, template.declaration.name)
    maps: dict[tuple[str, tuple[str, ...]], list[tuple[int, str]]] = {}
    for path, file in sorted(template.files.items()):
        if path.removesuffix(ENDING).endswith(_CODE):
            for (_, keys), line in others_entries(_literals(path.removesuffix(ENDING), file.data), words).items():
                maps.setdefault((path, keys[:-1]), []).append((line, keys[-1]))
    for (path, keys), others in maps.items():
        said = f"`{keys[-1]}` has" if keys else "has"
        message = (
            f"{said} entries for production and {', '.join(name for _, name in others)}, and a clone finds none of its own name. Write "
            'production\'s key in quotes in the old directory, and `"{{ name }}"` in its place here.'
        )
        yield Finding(f"{template.where}/{path}", others[0][0], message)


def _literals(path: str, data: bytes) -> Sequence[LiteralAt]:
    try:
        return [literal for each in items(path, _STATEMENT.sub(b"", data)) for literal in each.literals]
    except InvalidInput:
        return ()  # the template's check says what is wrong with it
