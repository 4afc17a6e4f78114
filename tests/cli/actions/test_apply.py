"""`envclone apply`, as the workflow runs it."""

import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.actions.account_store import account_store
from bot.cli.app import app
from bot.clients.objects.s3 import S3Store
from bot.model.account import PolicyAccount
from tests.support.patience import PATIENCE


def test_a_run_of_actions_takes_nothing_over_unless_it_can_ask_who_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = ("-c", "user.name=Alice", "-c", "user.email=alice@example.com")
    for arguments in (("init", "-q"), (*who, "commit", "-q", "--allow-empty", "-m", "base")):
        subprocess.run(["git", "-C", tmp_path, *arguments], check=True, timeout=PATIENCE)
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("TAKE_OVER", "it is dead")
    done = CliRunner().invoke(app, ["apply", "demo-x", "--root", str(tmp_path), "--store", str(tmp_path / "store")])
    assert done.exit_code == 1
    assert "to check who has permission" in done.output
    assert not (tmp_path / "store").exists()


def test_an_address_of_no_store_is_refused_with_what_to_write(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["ledger", "demo-x", "--root", str(tmp_path), "--store", "ftp://acme-state"])
    assert done.exit_code == 1
    said = " ".join(done.output.split())
    assert "`ftp://acme-state` is not the address of a store. Write `s3://BUCKET/PREFIX`" in said


def test_a_ledger_is_read_from_the_store_at_an_address(tmp_path: Path) -> None:
    at = f"file://{tmp_path}/store"
    done = CliRunner().invoke(app, ["ledger", "demo-x", "--root", str(tmp_path), "--store", at, "--json"])
    assert done.exit_code == 0, done.output
    assert '"environment": "demo-x"' in done.output


@pytest.mark.parametrize(
    ("account", "region"),
    [
        (PolicyAccount(region="eu-central-1", state_bucket="acme-state"), "eu-central-1"),
        (PolicyAccount(region="eu-central-1", store="s3://acme-ledger?region=eu-north-1"), "eu-north-1"),
        (PolicyAccount(cloud="gcp", region="europe-west1", store="s3://acme-ledger"), "us-west-2"),
    ],
)
def test_a_bucket_of_s3_is_in_the_region_of_its_address_or_of_an_account_with_aws(
    account: PolicyAccount, region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    store = account_store(account)
    assert isinstance(store, S3Store)
    assert store.region == region
