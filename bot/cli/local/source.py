"""What an environment of a checkout was cloned from."""

from bot.clients.git.checkout import Checkout
from bot.core.parity.by_code.code_side import CodeSide, read_side
from bot.model.environment import Manifest


def source_side(checkout: Checkout, manifest: Manifest) -> CodeSide | None:
    """Return what an environment was cloned from, if it is in this checkout. Raises `UserError`."""
    files = checkout.code(manifest.source) if manifest.source else {}
    return read_side(files, checkout.roots.environment(manifest.source)) if manifest.source and files else None
