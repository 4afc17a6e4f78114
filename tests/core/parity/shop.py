"""The shipped production and clones of it, for tests of parity."""

from datetime import UTC, datetime
from functools import cache

from bot.clients.git.checkout import Checkout
from bot.clouds.registry import FACTS
from bot.commands.model import Clone
from bot.core.parity.by_code.code_side import CodeSide, evaluated_side
from bot.core.parity.by_code.compare import CodeComparison, compare
from bot.core.parity.by_code.leaks import leaks
from bot.core.parity.leaks import Leak
from bot.core.rendering.assemble import read_manifest, read_template
from bot.core.rendering.inventory import Inventory
from bot.core.requests.clone import Base, CloneRequest, Draft, draft_clone
from bot.core.requests.refusal import Refused
from bot.core.tree import File, Tree
from bot.model.environment import Manifest, Waiver
from bot.model.policy import Policy
from bot.names import EnvironmentName, Login, ParameterName, PurposeName, TemplateName
from tests import ROOT

NOW = datetime(2026, 3, 4, tzinfo=UTC)
PRODUCTION = EnvironmentName("production")


def base() -> Base:
    checkout = Checkout(ROOT)
    files = checkout.environment(PRODUCTION)
    source = read_manifest(files, "envs/production")
    template = read_template(TemplateName("production"), checkout.template(TemplateName("production")), FACTS)
    return Base(template, source, files, Inventory({PRODUCTION: source}), Policy())


BASE = base()
THEIRS = evaluated_side(CodeSide(BASE.source, BASE.source_files))
"""Production's values, made once: hundreds of clones are held against them."""


def asked(name: str = "demo-x", purpose: str = "demo", **values: str) -> Draft | Refused:
    given = {ParameterName(key): value for key, value in values.items()}
    command = Clone(PRODUCTION, EnvironmentName(name), PurposeName(purpose), set=given)
    return draft_clone(CloneRequest(command, None, Login("alice"), NOW), BASE)


@cache
def clone(name: str = "demo-x", purpose: str = "demo", **values: str) -> Draft:
    """Return a clone that was drafted before, where it was: files of tests want the same ones, when they are loaded."""
    drafted = asked(name, purpose, **values)
    assert isinstance(drafted, Draft), drafted
    return drafted


def compared(drafted: Draft, files: Tree | None = None, *waivers: Waiver) -> CodeComparison:
    """Hold a clone's files, edited or not, against production."""
    manifest = drafted.manifest.model_copy(update={"waivers": waivers})
    sides = CodeSide(BASE.source, BASE.source_files), CodeSide(manifest, drafted.files if files is None else files)
    return compare(*sides, BASE.template, NOW, evaluated=THEIRS)


def leaked(
    drafted: Draft, files: Tree | None = None, *waivers: Waiver, others: frozenset[str] = frozenset()
) -> list[Leak]:
    manifest: Manifest = drafted.manifest.model_copy(update={"waivers": waivers})
    tree = drafted.files if files is None else files
    found = compared(drafted, tree, *waivers)
    return list(leaks(found, CodeSide(manifest, tree), NOW, others=others))


def edited(files: Tree, path: str, was: str, now: str) -> Tree:
    """Replace text in a file, once; it must be there."""
    text = files[path].data.decode()
    assert was in text, (path, was)
    return {**files, path: File(text.replace(was, now, 1).encode(), files[path].executable)}
