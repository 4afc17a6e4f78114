"""Which environments a change of modules beside them touches."""

from collections.abc import Sequence

from bot.clients.git.checkout import Checkout
from bot.clients.git.modules_called import is_below, modules_called
from bot.model.environment import MANIFEST


def calling(checkout: Checkout, commit: str, paths: Sequence[str]) -> Sequence[str]:
    """Return the environments at `commit` that call a module in which one of the `paths` lies. The work tree is at `commit`."""
    changed = [path for path in paths if _may_be_of_a_module(checkout, path)]
    if not changed:
        return []
    called = modules_called(checkout.root, checkout.roots, commit, checkout.module)
    return [name for name, places in called.items() if any(is_below(path, places) for path in changed)]


def _may_be_of_a_module(checkout: Checkout, path: str) -> bool:
    """Say whether a path is no environment's and no template's own: a directory beside the environments may be a module's."""
    if any(path.startswith(f"{root}/") for root in checkout.roots.of_templates):
        return False
    owner = checkout.roots.owner(path)
    if owner is not None:
        return not checkout.has(f"{owner}/{MANIFEST}")
    return "/" in path and not path.startswith(".")
