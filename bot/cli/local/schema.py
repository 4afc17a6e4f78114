"""`envclone schema`: write the JSON Schemas and the reference documents, or check that they are what the models say."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.console import DOES_NOT_HOLD, say, stop
from bot.cli.local.reference import command_line_page
from bot.clouds.registry import FACTS
from bot.core.messages.reference.generated_docs import GENERATED, commands_page, formats_page, schema_files, table_lines
from bot.hooks.docs import hooks_page
from bot.model import duration
from bot.settings import ALIASES, FILE, PREFIX, Settings

README = "README.md"
BEGIN, END = "<!-- settings: written by `envclone schema` -->", "<!-- end of settings -->"
"""Between these marks a document holds the table of settings."""


def documents() -> dict[str, str]:
    """Return every generated document by its path in the repository."""
    return {
        **schema_files(FACTS),
        "docs/command-line.md": command_line_page(),
        "docs/commands.md": commands_page(),
        "docs/formats.md": formats_page(FACTS),
        "docs/hooks.md": hooks_page(),
        "docs/settings.md": settings_page(),
    }


def settings_page() -> str:
    """Return `docs/settings.md`."""
    head = "# Settings of the service\n\nEnvironment variables; any of them may name a file instead, with"
    return "\n".join([GENERATED, f"{head} `{FILE}` appended to its name.\n", *_settings_table()])


def with_settings(text: str) -> str:
    """Return a document with the table of settings between its marks; one without them as it is."""
    if BEGIN not in text or END not in text:
        return text
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    table_text = "\n".join(_settings_table()).rstrip()
    return f"{before}{BEGIN}\n\n{table_text}\n\n{END}{after}"


def _settings_table() -> Iterator[str]:
    rows = []
    for name, field in Settings.model_fields.items():
        default = field.get_default()
        text = duration.text(default) if isinstance(default, timedelta) else default
        shown = "" if default in (None, (), "") else f"`{text}`"
        others = [f", or `{PREFIX}{alias}`" for alias, of in ALIASES.items() if of == name.upper()]
        variable = f"`{PREFIX}{name.upper()}`{''.join(others)}"
        rows.append((variable, shown, (field.description or "").replace("\n", " ")))
    return table_lines(("Variable", "Default", "Meaning"), rows)


def write(
    root: Annotated[
        Path, typer.Option("--root", metavar="PATH", help="The repository.", file_okay=False, exists=True)
    ] = Path(),
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail if a generated document is out of date.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Write the JSON Schemas of our YAML formats and the reference documents."""
    stale = []
    readme = root / README
    ours = {README: with_settings(readme.read_text("utf-8"))} if readme.exists() else {}
    for path, text in {**documents(), **ours}.items():
        place = root / path
        if place.exists() and place.read_text("utf-8") == text:
            continue
        stale.append(path)
        if not check:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, "utf-8")
    if check and stale and not as_json:
        stop(f"Out of date: {', '.join(stale)}. Run `envclone schema`.", DOES_NOT_HOLD)
    text = f"{'Wrote' if stale else 'Up to date:'} {', '.join(stale) or 'all documents'}"
    say(text, lambda: {"out_of_date" if check else "written": stale}, as_json)
    if check and stale:
        raise typer.Exit(DOES_NOT_HOLD)
