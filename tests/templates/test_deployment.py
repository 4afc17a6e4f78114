"""The shipped template on real Terraform and the sandbox's AWS."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.sandbox.aws import SandboxAws
from bot.sandbox.edge import Edge
from tests.support.issuer import Issuer
from tests.support.patience import PATIENCE
from tests.support.provider_process import provider_process
from tests.support.sandbox_aws import APPLY, CLONES, assume, client, sandbox_aws
from tests.templates.deployment import DEMO, TEMPLATE, WHOLE, Deployment, declaration, template_files, whole, write
from tests.templates.leftovers import leftovers

pytestmark = [pytest.mark.e2e, pytest.mark.provider, pytest.mark.timeout(1200)]

STACKS = tuple(declaration().stacks)
ISSUER = Issuer()


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxAws]:
    with ISSUER.running(), sandbox_aws(tmp_path_factory.mktemp("aws"), ISSUER.url) as aws:
        yield aws


@pytest.fixture(scope="module")
def reached(aws: SandboxAws) -> Iterator[Mapping[str, str]]:
    """How the role that applies is reached, with one process of the provider for all commands."""
    code = "".join(file.data.decode() for file in template_files().values())
    with provider_process(assume(aws, ISSUER.token(APPLY)), code) as found:
        yield found


def test_a_stack_refuses_another_account_than_its_own(reached: Mapping[str, str], tmp_path: Path) -> None:
    environment = Deployment(write({**DEMO, "account_id": "333333333333"}, tmp_path), reached)
    environment.init("network")
    assert "AWS account ID not allowed: 222222222222" in environment.refusal("network", "plan")


def test_state_of_another_account_can_not_be_reached(reached: Mapping[str, str], tmp_path: Path) -> None:
    environment = Deployment(write({**DEMO, "state_bucket": "acme-production-tfstate"}, tmp_path), reached)
    assert "403" in environment.refusal("network", "init", "-lockfile=readonly")


def test_the_whole_template_is_formatted_applies_plans_empty_answers_and_leaves_nothing(
    aws: SandboxAws, reached: Mapping[str, str], tmp_path: Path
) -> None:
    environment = Deployment(write(DEMO, tmp_path), reached)
    environment.formatted()
    whole(tmp_path)
    environment.init(WHOLE)
    outputs = environment.apply(WHOLE)["app"]
    assert environment.replan(WHOLE) == ""
    assert outputs["private_names"] == ["db-reader.shop.internal", "db.shop.internal"]
    with Edge(aws).running() as edge:
        answer = httpx.get(outputs["healthz_url"], proxy=edge, timeout=PATIENCE)
        assert (answer.status_code, answer.json()) == (200, {"environment": "demo-x", "status": "ok"})
        assert httpx.get(outputs["url"], proxy=edge, timeout=PATIENCE).status_code == 503  # no task runs in the sandbox
        said = _partners(environment, outputs["url"], edge)
        assert said == ["unknown", "partners took", "answered 202", "no longer hold"]
    _nothing_secret_in_state(aws)
    environment.destroy(WHOLE)
    print(json.dumps(environment.seconds, indent=1))
    assert leftovers(aws.account_environment(CLONES)) == []


def _partners(environment: Deployment, shop_url: str, edge: str) -> list[str]:
    """Run each verb of the partners hook through the edge, and return the gist of what it says."""
    given: dict[str, Any] = {
        "environment": "demo-x",
        "inputs": {"webhook_url": DEMO["webhook_url"], "shop_url": shop_url},
    }
    said = []
    for verb, gist in (
        ("check", ""),
        ("apply", "partners took"),
        ("verify", "answered 202"),
        ("undo", "no longer hold"),
    ):
        answer = json.loads(
            subprocess.run(
                [environment.directory / "hooks" / "partners.py"],
                input=json.dumps({**given, "verb": verb}),
                env={"PATH": os.environ["PATH"], "http_proxy": edge},
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=True,
            ).stdout
        )
        given["undo"] = answer.get("undo", given.get("undo"))
        said.append(answer["result"] if verb == "check" else gist if gist in answer["evidence"] else answer["evidence"])
    return said


def _nothing_secret_in_state(aws: SandboxAws) -> None:
    s3 = client(aws.account_environment(CLONES), "s3")
    kept = s3.list_objects_v2(Bucket=DEMO["state_bucket"])["Contents"]
    assert [item["Key"] for item in kept] == [f"demo-x/{WHOLE}/terraform.tfstate"]
    for item in kept:
        state = s3.get_object(Bucket=DEMO["state_bucket"], Key=item["Key"])["Body"].read().decode()
        assert '"secret_string"' not in state
        assert '"master_password": "' not in state


def test_the_lock_files_and_the_provider_of_all_stacks_are_one() -> None:
    for file in (".terraform.lock.hcl", "provider.tf", "versions.tf"):
        found = {stack: (TEMPLATE / stack / file).read_text().replace(f'"{stack}"', '"stack"') for stack in STACKS}
        assert len(set(found.values())) == 1, (file, found)
