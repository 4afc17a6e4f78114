"""The workflows and actions that this version ships for monorepos: in the package, or in the checkout that it is installed from."""

from collections.abc import Mapping
from pathlib import Path

import bot
from bot.core.installation.files import GITHUB, NO_SERVER, SHIPPED

_PACKAGE = Path(bot.__file__).parent


def shipped() -> Mapping[str, bytes]:
    """Return each file by its path in `.github/`, the optional one among them."""
    packed = _PACKAGE / "shipped"
    source = packed if packed.is_dir() else _PACKAGE.parent / GITHUB
    return {path: (source / path).read_bytes() for path in (*SHIPPED, NO_SERVER)}
