"""The code of a root module on disk, as the tool reads it."""

from pathlib import Path

from bot.core.tree import CODE, File, is_shadowed


def code_here(directory: Path) -> dict[str, File]:
    """Return the files of code in a directory by their names; of two that differ only in `.tf` and `.tofu` the second alone."""
    names = {path.name for path in directory.glob("*.t*") if path.name.endswith(CODE) and path.is_file()}
    return {name: File((directory / name).read_bytes()) for name in sorted(names) if not is_shadowed(name, names)}
