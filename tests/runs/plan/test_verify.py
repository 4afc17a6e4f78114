"""What was proved before is not proved again; whatever was changed since is."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bot.clients.git.checkout import Checkout
from bot.clients.proved_before import ProvedBefore
from bot.core.rendering.assemble import assemble
from bot.core.tree import tree_id
from bot.model.environment import Manifest
from bot.model.roots import DEFAULT
from bot.names import EnvironmentName
from bot.runs.plan.verify import verify_environments
from tests.support import example
from tests.support.small_monorepo import monorepo

PRODUCTION = EnvironmentName("production")
FILE = "envs/production/app/main.tf"


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(monorepo(tmp_path))


@pytest.fixture
def proved(tmp_path: Path) -> ProvedBefore:
    return ProvedBefore(tmp_path / "cache", DEFAULT)


def edit(checkout: Checkout) -> None:
    with (checkout.root / FILE).open("a") as file:
        file.write("# by hand\n")


def trees(checkout: Checkout) -> dict[str, str]:
    return {name: tree_id(checkout.environment(EnvironmentName(name))) for name in checkout.environments()}


def test_what_holds_is_kept_and_what_does_not_is_found_each_time(checkout: Checkout, proved: ProvedBefore) -> None:
    assert verify_environments(checkout, proved=proved).holds
    assert proved.among(trees(checkout)) == {PRODUCTION: example.production()}
    edit(checkout)
    for _ in range(2):
        assert [each.path for each in verify_environments(checkout, proved=proved).findings] == [FILE]


def test_what_was_proved_is_not_proved_again(checkout: Checkout, proved: ProvedBefore) -> None:
    edit(checkout)
    proved.keep(
        trees(checkout), {PRODUCTION: example.production()}
    )  # which is not true, so a second proof would find it
    assert verify_environments(checkout, proved=proved).holds
    assert not verify_environments(checkout).holds


class _Restored(ProvedBefore):
    """Somebody checks out other files after the ids of the trees were read, and before the files are looked at."""

    restore: Callable[[], object]

    def among(self, trees: Mapping[str, str]) -> Mapping[str, Manifest]:
        found = super().among(trees)
        self.restore()
        return found


def test_what_is_kept_is_what_was_looked_at_and_not_what_was_there_before(checkout: Checkout, tmp_path: Path) -> None:
    proved, file = _Restored(tmp_path / "cache", DEFAULT), checkout.root / FILE
    written = file.read_bytes()
    edit(checkout)
    by_hand = file.read_bytes()
    proved.restore = lambda: file.write_bytes(written)
    assert verify_environments(checkout, proved=proved).holds
    proved.restore = lambda: file.write_bytes(by_hand)
    file.write_bytes(by_hand)
    assert [each.path for each in verify_environments(checkout, proved=proved).findings] == [FILE]


def test_only_what_was_asked_for_counts_as_proved(checkout: Checkout, proved: ProvedBefore) -> None:
    values = {**example.PRODUCTION_VALUES, "name": "other", "vpc_cidr": "10.9.0.0/16"}
    other = example.production().model_copy(update={"name": EnvironmentName("other"), "parameters": values})
    checkout.write_environment(other.name, assemble(example.template(), other))
    assert verify_environments(checkout, [PRODUCTION], proved).holds
    assert proved.among(trees(checkout)).keys() == {PRODUCTION}
    assert verify_environments(checkout, proved=proved).holds
    assert proved.among(trees(checkout)).keys() == {PRODUCTION, "other"}


def test_an_environment_whose_template_is_gone_is_not_proved_any_more(checkout: Checkout, proved: ProvedBefore) -> None:
    assert verify_environments(checkout, proved=proved).holds
    declaration = checkout.root / "templates/shop/template.yaml"
    declaration.write_text("name: [", "utf-8")
    assert not verify_environments(checkout, proved=proved).holds
