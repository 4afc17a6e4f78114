"""Hold every clone of a checkout against its source, by code: side by side, and once for each content."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from pathlib import Path

from bot.clients.git.checkout import Checkout
from bot.clients.proved_before import ComparedBefore, Comparison
from bot.core.hcl.local_modules import modules_outside
from bot.core.rendering.assemble import own_manifest
from bot.core.rendering.inventory import findings
from bot.core.tree import Tree, tree_id
from bot.errors import Finding, UserError
from bot.model.environment import Manifest
from bot.model.roots import Roots
from bot.names import EnvironmentName
from bot.runs.plan.code_parity import check_parity
from bot.runs.side_by_side import side_by_side


@dataclass(frozen=True, slots=True)
class AllCompared:
    """The comparison of each clone, in order, and what could not be read and so not be compared."""

    clones: Sequence[Comparison]
    unreadable: Sequence[Finding]


def compare_all(checkout: Checkout, now: datetime, before: ComparedBefore) -> AllCompared:
    """Compare every clone with what it was cloned from. What was compared before, and is as it was, is not compared again."""
    trees: dict[str, str] = {}
    unreadable: list[Finding] = []
    for name in checkout.environments():
        try:
            trees[name] = tree_id(checkout.environment(EnvironmentName(name)))
        except UserError as error:
            unreadable += findings(checkout.roots.environment(name), error)
    module = _module_ids(checkout)
    known = {
        name: found
        for name, found in before.among(trees).items()
        if found.is_good_at(now) and _is_as_it_was(found, trees, module)
    }
    left = [name for name in trees if name not in known]
    looks = list(side_by_side(partial(_compared_apart, checkout.root, checkout.roots, now), left))
    made = {each.environment: each for each in looks if isinstance(each, Comparison)}
    before.keep(trees, list(made.values()))
    unreadable += [finding for each in looks if not isinstance(each, Comparison) for finding in each]
    found = known | made
    clones = [found[name] for name in trees if name in found and found[name].against is not None]
    return AllCompared(clones, list(dict.fromkeys(unreadable)))


def _is_as_it_was(found: Comparison, trees: Mapping[str, str], module: Callable[[str, str], str]) -> bool:
    """Say whether the source, and each module that the two call, have the content that was compared."""
    return all(
        (trees.get(found.against or "") if where == found.against else module(where, found.environment)) == tree
        for where, tree in found.trees.items()
    )


def _module_ids(checkout: Checkout) -> Callable[[str, str], str]:
    """Return what reads a module outside once, for its id: that of no files, too, where there is none or none may be."""

    @cache
    def of_pair(directory: str, pair: str) -> str:
        try:
            return tree_id(checkout.module(directory, f"{pair}-" if pair else ""))
        except UserError:
            return ""  # and so never as it was: whoever compares says what is wrong

    return lambda directory, name: of_pair(directory, checkout.roots.pair(name))


def _compared_apart(
    root: Path, roots: Roots, now: datetime, names: Sequence[str]
) -> list[Comparison | Sequence[Finding]]:
    """Compare some environments in another process."""
    checkout = Checkout(root, roots)
    return [_compared(checkout, name, now) for name in names]


def _compared(checkout: Checkout, text: str, now: datetime) -> Comparison | Sequence[Finding]:
    try:
        name = EnvironmentName(text)
        manifest = own_manifest(checkout.manifest_alone(name), name, checkout.roots)
        if manifest.source is None:
            return Comparison(environment=text, against=None, trees={}, at=now)
        checked = check_parity(checkout, name, None, now)
        return Comparison(
            environment=text,
            against=manifest.source,
            trees=_compared_trees(checkout, name, manifest.source),
            match=checked.parity.score,
            others=len(checked.parity.telling),
            findings=tuple(map(str, checked.findings)),
            at=now,
            until=_until(manifest, now),
        )
    except UserError as error:
        return findings(checkout.roots.environment(text), error)


def _compared_trees(checkout: Checkout, clone: EnvironmentName, source: EnvironmentName) -> Mapping[str, str]:
    """Return the ids of the source's tree and of all modules that the two call, also of those that are not there."""
    production = checkout.environment(source)
    asked: dict[str, str] = {str(source): tree_id(production)}

    def noted(directory: str) -> Tree:
        files = checkout.module(directory, clone)
        asked[directory] = tree_id(files)
        return files

    for files in (production, checkout.environment(clone)):
        modules_outside(files, noted)
    return asked


def _until(manifest: Manifest, now: datetime) -> datetime | None:
    return min((each.expires_at for each in manifest.waivers if now < each.expires_at), default=None)
