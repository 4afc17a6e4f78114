"""A state that Terraform could not write at the end of an apply: nothing of what it made is lost."""

import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import boto3
import pytest

from bot.clients.git.checkout import Checkout
from bot.clients.process import TimedOut
from bot.clients.terraform.output import Diagnostic, TerraformFailed, TerraformTimedOut
from bot.clients.terraform.terraform import RootModule
from bot.clients.terraform.unsaved_state import saved_afterwards
from bot.core.tree import UNSAVED_STATE
from bot.errors import UserError
from bot.names import EnvironmentName
from tests.support.cloud import REGION, cloud
from tests.support.forwarder import Forward, ForwardedAnswer, ForwardedRequest, forwarding
from tests.support.terraform import program, stack, write

MAIN = 'resource "terraform_data" "one" {\n  input = "made"\n}\noutput "made" { value = terraform_data.one.output }\n'
STATE = '{"version": 4, "serial": 2, "lineage": "1b5f2c"}'
UNSAVED = Diagnostic("error", "Failed to save state")
EXPIRED = b"<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>"


class Expiring:
    """S3 that refuses to write what was made, a number of times."""

    refusals = 0

    def between(self, request: ForwardedRequest, forward: Forward) -> ForwardedAnswer | None:
        if self.refusals > 0 and request.method == "PUT" and b'"made"' in request.body:
            self.refusals -= 1
            return ForwardedAnswer(403, {"Content-Type": "application/xml"}, EXPIRED)
        return forward(request)


@pytest.fixture(scope="module")
def expiring() -> Expiring:
    return Expiring()


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory, expiring: Expiring) -> Iterator[RootModule]:
    """A root module with its state in a bucket, initialized."""
    root = tmp_path_factory.mktemp("unsaved")
    with cloud() as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        boto3.client("s3").create_bucket(Bucket="unsaved", CreateBucketConfiguration={"LocationConstraint": REGION})
        with forwarding(variables["AWS_ENDPOINT_URL"], expiring.between) as address:
            terraform = program(root / "configuration", {**variables, "AWS_ENDPOINT_URL": address})
            code = write(root / "envs/demo-x/data", stack(MAIN, "unsaved", "data.tfstate"))
            with terraform.opened(code) as found:
                found.init()
                yield found


def test_a_state_that_was_refused_once_is_written_again(module: RootModule, expiring: Expiring) -> None:
    expiring.refusals = 1
    module.apply(module.plan({}))
    assert expiring.refusals == 0
    assert module.outputs()["made"].value == "made"
    assert not (module.directory / UNSAVED_STATE).exists()


def test_what_can_not_be_written_stays_and_stops_the_next_apply(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pushes: list[Path] = []

    def refused() -> None:
        pushes.append(tmp_path)
        raise TerraformFailed("state", ())

    def apply() -> None:
        with saved_afterwards(tmp_path, refused, pauses=[timedelta(0)]):
            place.write_text(STATE)
            raise TerraformFailed("apply", [UNSAVED])

    place = tmp_path / UNSAVED_STATE
    with pytest.raises(TerraformFailed, match=r"It is in .* alone"):
        apply()
    assert (place.read_text(), stat.S_IMODE(place.stat().st_mode), len(pushes)) == (STATE, 0o600, 2)
    with pytest.raises(UserError, match="terraform state push"), saved_afterwards(tmp_path, refused):
        pytest.fail("never begun")
    assert place.read_text() == STATE


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (STATE, Diagnostic("error", "Resource precondition failed")),
        ('{"version": 4, "serial": 9, "lineage": ""}', UNSAVED),
        ('{"version": 4}', UNSAVED),
        ("no JSON", UNSAVED),
    ],
)
def test_a_state_that_something_else_has_left_there_is_not_written(
    tmp_path: Path, state: str, said: Diagnostic
) -> None:
    pushes: list[str] = []

    def apply() -> None:
        with saved_afterwards(tmp_path, lambda: pushes.append("pushed"), pauses=[]):
            (tmp_path / UNSAVED_STATE).write_text(state)
            raise TerraformFailed("apply", [said])

    with pytest.raises(TerraformFailed, match=said.summary):
        apply()
    assert pushes == []


@pytest.mark.parametrize("told", [(), (UNSAVED,)])
def test_a_state_that_is_there_when_the_time_is_over_is_written_only_if_terraform_told_of_it(
    tmp_path: Path, told: tuple[Diagnostic, ...]
) -> None:
    pushes: list[str] = []

    def apply() -> None:
        with saved_afterwards(tmp_path, lambda: pushes.append("pushed"), pauses=[]):
            (tmp_path / UNSAVED_STATE).write_text(STATE)
            raise TerraformTimedOut(TimedOut("terraform", timedelta(minutes=1)), told)

    with pytest.raises(TimedOut, match="did not finish within"):
        apply()
    assert pushes == ["pushed"] * len(told)
    assert (tmp_path / UNSAVED_STATE).exists() is not bool(told)


def test_a_state_without_bound_is_not_read_stays_and_is_said_where(tmp_path: Path) -> None:
    pushes: list[str] = []
    place = tmp_path / UNSAVED_STATE

    def apply() -> None:
        with saved_afterwards(tmp_path, lambda: pushes.append("pushed"), pauses=[]), place.open("wb") as file:
            file.write(STATE.encode())
            file.truncate(1 << 40)  # a hole, which takes no room on the disk
            raise TerraformFailed("apply", [UNSAVED])

    with pytest.raises(TerraformFailed, match=rf"more than 64 MiB.*It is in {place} alone"):
        apply()
    assert pushes == []
    with place.open("rb") as file:
        assert file.read(len(STATE)) == STATE.encode()
    with pytest.raises(UserError, match="terraform state push"), saved_afterwards(tmp_path, lambda: None):
        pytest.fail("never begun")
    place.unlink()


def test_the_empty_file_of_a_killed_apply_is_no_part_of_the_environment(tmp_path: Path) -> None:
    write(tmp_path / "envs/demo-x/data", {"main.tf": "", UNSAVED_STATE: ""})
    checkout, demo = Checkout(tmp_path), EnvironmentName("demo-x")
    assert set(checkout.environment(demo)) == {"data/main.tf"}
    (tmp_path / "envs/demo-x/data" / UNSAVED_STATE).write_text("{}")
    assert set(checkout.environment(demo)) == {"data/main.tf", f"data/{UNSAVED_STATE}"}


def test_an_environment_without_bound_is_not_read(tmp_path: Path) -> None:
    write(tmp_path / "envs/demo-x/data", {"main.tf": ""})
    with (tmp_path / "envs/demo-x/data/large").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(UserError, match="envs/demo-x holds more than 64 MiB with `data/large`"):
        Checkout(tmp_path).environment(EnvironmentName("demo-x"))
