"""The search for what a destroy left behind: where it looks, for what, and when it believes what it sees."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.clients.terraform.terraform import Terraform
from bot.core.ledger.ledger import Ledger, LedgerEntry
from bot.errors import Unverifiable
from bot.model.account import PolicyAccount
from bot.names import StepName
from bot.runs.destroy.applied_versions import AppliedVersion, PolicyBase, applied
from bot.runs.destroy.orphans import OrphanSearch, find_orphans
from tests.support.cloud import REGION
from tests.support.deploying import DEMO, Deploying

OLD, KEY = "arn:aws:sqs:eu-west-1:1:orders", "arn:aws:kms:eu-central-1:1:key/1"


@dataclass
class Account:
    """What AWS lists, one answer a look; the last one from then on."""

    answers: list[set[str]]
    asked: list[tuple[str, Mapping[str, Sequence[str]]]] = field(default_factory=list)

    def look(self, region: str, tags: Mapping[str, Sequence[str]]) -> set[str]:
        self.asked.append((region, tags))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @property
    def search(self) -> OrphanSearch:
        return OrphanSearch({"aws": self.look}, tries=3, pause=timedelta(0))


@pytest.fixture
def deploying(tmp_path: Path) -> Deploying:
    return Deploying.create(tmp_path, "state", Terraform(Path("/no/such/terraform"), {}))


def destroyed(deploying: Deploying, commit: str, *names: str) -> AbstractContextManager[AppliedVersion]:
    sha = "a" * 40
    entry = LedgerEntry.model_validate(
        {
            "verb": "undo",
            "result": "undone",
            "digest": "d",
            "by": "alice",
            "run_url": "",
            "attempt": 1,
            "started_at": datetime(2026, 3, 4, tzinfo=UTC),
            "head": sha,
            "commit": commit,
            "tree": sha,
        }
    )
    ledger = Ledger(environment=DEMO, steps=dict.fromkeys(map(StepName, names), entry))
    return applied(deploying.repo.root, DEMO, ledger, PolicyBase(commit, deploying.policy))


def test_it_looks_in_all_regions_of_the_manifest_by_the_tag_of_the_policy_and_of_hooks(deploying: Deploying) -> None:
    commit = deploying.merge(deploying.propose(greeting="eu-west-1"))
    policy = deploying.policy.model_copy(update={"environment_tag": "env"})
    account = Account([set()])
    with destroyed(deploying, commit, "flags", "data") as found:
        said = find_orphans(account.search, found, policy, set())
    assert said.tag == "env=demo-x"
    assert said.places == (REGION, "eu-west-1")
    assert account.asked == [(region, {"env": ["demo-x"], "envclone:step": ["demo-x/flags"]}) for region in said.places]


@pytest.mark.parametrize(
    ("answers", "left", "looks"),
    [
        ([{OLD, KEY}, {OLD, KEY}, {KEY}], (), 3),  # AWS listed what was deleted for a while
        ([{KEY}], (), 1),  # kept on purpose, so nothing to wait for
        ([{OLD}], (OLD,), 3),
    ],
)
def test_what_is_found_is_looked_for_again_before_it_is_named(
    deploying: Deploying, answers: list[set[str]], left: tuple[str, ...], looks: int
) -> None:
    account = Account(answers)
    with destroyed(deploying, deploying.merge(deploying.propose())) as found:
        said = find_orphans(account.search, found, deploying.policy, {KEY})
    assert (said.found, said.problem, len(account.asked)) == (left, "", looks)


@pytest.mark.parametrize(
    ("cloud", "places", "left"),
    [
        # Terraform names a key ring without the service, and Azure's identifiers have no case.
        ("gcp", ("acme-demo",), ("//pubsub.googleapis.com/projects/acme-demo/topics/a",)),
        ("none", (), ()),
    ],
)
def test_another_cloud_is_searched_in_the_account_and_by_the_environment_s_tag_alone(
    deploying: Deploying, cloud: str, places: tuple[str, ...], left: tuple[str, ...]
) -> None:
    account = PolicyAccount(cloud=cloud, id="acme-demo", store="file:///state")
    policy = deploying.policy.model_copy(update={"accounts": dict.fromkeys(deploying.policy.accounts, account)})
    ring = "projects/acme-demo/locations/eu/keyRings/A"
    listed = Account([{f"//cloudkms.googleapis.com/{ring.lower()}", *left}])
    search = OrphanSearch({"gcp": listed.look}, tries=2, pause=timedelta(0))
    with destroyed(deploying, deploying.merge(deploying.propose()), "flags") as found:
        said = find_orphans(search, found, policy, {ring})
    assert (said.places, said.found) == (places, left)
    assert listed.asked == [("acme-demo", {"Environment": ["demo-x"]})] * (2 * len(places))


def test_a_search_that_is_refused_says_so(deploying: Deploying) -> None:
    def refused(region: str, tags: Mapping[str, Sequence[str]]) -> set[str]:
        raise Unverifiable("not authorized to perform tag:GetResources")

    with destroyed(deploying, deploying.merge(deploying.propose())) as found:
        said = find_orphans(OrphanSearch({"aws": refused}), found, deploying.policy, set())
    assert "tag:GetResources" in said.problem
