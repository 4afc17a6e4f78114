"""The workflows and actions that this version ships for monorepos: in the package, or in the checkout that it is installed from."""

from collections.abc import Mapping
from pathlib import Path

import bot
from bot.clouds.roles import RoleCode
from bot.core.installation.files import GITHUB, NO_SERVER, ROLES, SHIPPED

_PACKAGE = Path(bot.__file__).parent
_PACKED = _PACKAGE / "shipped"


def shipped() -> Mapping[str, bytes]:
    """Return each file by its path in `.github/`, the optional ones among them."""
    source = _PACKED if _PACKED.is_dir() else _PACKAGE.parent / GITHUB
    return {path: (source / path).read_bytes() for path in (*SHIPPED, *NO_SERVER)}


def shipped_roles(code: RoleCode) -> Mapping[str, bytes]:
    """Return the code that makes a cloud's roles, by its path in `.github/`."""
    source = (_PACKED if _PACKED.is_dir() else _PACKAGE.parent / "docs") / "roles" / code.directory
    return {f"{ROLES}/{code.directory}/{name}": (source / name).read_bytes() for name in code.files}
