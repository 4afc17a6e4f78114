"""The roles that `docs/roles` makes: as `docs/oidc.md` describes them, trusted by a job of one GitHub environment alone."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import boto3
import pytest
import yaml

from bot.clients.terraform.terraform import Terraform
from bot.core.hcl.declarations import module_code
from bot.core.hcl.syntax.ast import AttributeAccess, NameExpression
from bot.core.tree import File
from bot.model.account import PolicyAccount
from tests import ROOT
from tests.support.cloud import ACCOUNT, REGION, cloud
from tests.support.provider_process import provider_process
from tests.support.terraform import LOCK, program

ROLES = ROOT / "docs" / "roles"
REPOSITORY = {"repository": "acme/infrastructure", "repository_ids": {"owner": 1234567, "repository": 89012345}}
SUBJECT = "repo:acme@1234567/infrastructure@89012345:environment:envclone-"
VALUES = {
    "account_id": ACCOUNT,
    "region": REGION,
    **REPOSITORY,
    "state_bucket": "acme-clones-tfstate",
    "lock_table": "acme-locks",
    "plan_policy_arns": [],  # the stand-in knows none of AWS's own
    "plan_actions": ["ecs:Describe*"],
    "apply_policy_arns": [],
}


def run(terraform: Terraform, here: Path, *words: str) -> str:
    """Run Terraform in a directory and return what it says."""
    argv = [str(terraform.binary), *words]
    done = subprocess.run(argv, cwd=here, env=dict(terraform.environment), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.provider
def test_each_role_is_trusted_by_its_environment_alone_and_the_output_is_what_the_policy_takes(tmp_path: Path) -> None:
    here = tmp_path / "roles"
    shutil.copytree(ROLES / "aws", here)
    # As this machine has the provider: whoever copies the directory takes a newer one, too.
    (here / ".terraform.lock.hcl").write_text(LOCK.replace("~> 5.100", ">= 5.100.0"), "utf-8")
    (here / "terraform.tfvars.json").write_text(json.dumps(VALUES), "utf-8")
    code = "".join(each.read_text("utf-8") for each in here.glob("*.tf"))
    with cloud() as aws, pytest.MonkeyPatch.context() as patch, provider_process(aws, code) as reached:
        for name, value in aws.items():
            patch.setenv(name, value)
        terraform = program(tmp_path, reached)

        run(terraform, here, "init", "-input=false", "-lockfile=readonly")
        run(terraform, here, "apply", "-input=false", "-auto-approve")
        account = yaml.safe_load(run(terraform, here, "output", "-raw", "account"))
        iam = boto3.client("iam")
        for verb in ("plan", "apply"):
            role = iam.get_role(RoleName=f"envclone-{verb}")["Role"]
            (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
            assert statement["Condition"]["StringEquals"] == {
                "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                "token.actions.githubusercontent.com:sub": f"{SUBJECT}{verb}",
            }
            assert PolicyAccount.model_validate(account[ACCOUNT]).model_dump()[f"{verb}_role"] == role["Arn"]
        written, applies = (
            iam.get_role_policy(RoleName=f"envclone-{verb}", PolicyName=f"envclone-{verb}")["PolicyDocument"]
            for verb in ("plan", "apply")
        )
    said = {each["Sid"]: each for each in written["Statement"]}
    (locks,) = (each for each in applies["Statement"] if each["Sid"] == "LockState")
    assert locks["Resource"] == f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/acme-locks"
    assert said["WriteReviews"]["Resource"] == "arn:aws:s3:::acme-clones-tfstate/reviews/*"
    assert said["NeverReadValues"]["Effect"] == "Deny"
    assert {"s3:PutObject"} == {
        action for each in said.values() for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
        if "Put" in action or "Delete" in action or "Create" in action
    }  # fmt: skip


OTHERS: Mapping[str, Mapping[str, object]] = {
    "google": {
        "project": "acme-demo",
        "project_number": 123456789012,
        "region": "europe-west1",
        "state_bucket": "acme-demo-tfstate",
        "apply_roles": [],
        **REPOSITORY,
    },
    "azure": {
        "name": "sandbox",
        "subscription_id": "00000000-0000-0000-0000-000000000001",
        "tenant_id": "00000000-0000-0000-0000-00000000000c",
        "region": "westeurope",
        "state": {"resource_group_name": "state", "storage_account_name": "acmetfstate", "container_name": "tfstate"},
        "apply_roles": [],
        **REPOSITORY,
    },
}
POOL = "projects/123456789012/locations/global/workloadIdentityPools/envclone"
SEEN = {"google": ("members", "condition", "account"), "azure": ("subjects", "only_on_reviews", "container", "account")}


@pytest.mark.parametrize("name", ["aws", "google", "azure"])
def test_every_name_is_declared(name: str) -> None:
    code = module_code({each.name: File(each.read_bytes()) for each in (ROLES / name).iterdir()}, "")
    assert not code.unreadable
    declared = (
        {f"var.{each}" for each in code.variables} | {f"local.{each}" for each in code.locals} | {*code.resources}
    )
    used = set()
    for _, block in code.blocks:
        for each in block.expressions():
            match each:
                case AttributeAccess(NameExpression("var" | "local" as kind), of):
                    used.add(f"{kind}.{of}")
                case AttributeAccess(NameExpression(kind), of) if "_" in kind:
                    used.add(f"{kind}.{of}")
                case AttributeAccess(AttributeAccess(NameExpression("data"), kind), of):
                    used.add(f"data.{kind}.{of}")
    assert used <= declared
    assert {f"var.{each}" for each in code.variables} <= used


def test_roles_of_other_clouds_are_trusted_by_their_environment_alone(tmp_path: Path) -> None:
    for name, values in OTHERS.items():
        (tmp_path / name).mkdir()
        for file in ("variables.tf", "locals.tf"):  # all but the resources, whose providers are not here
            shutil.copy(ROLES / name / file, tmp_path / name)
        seen = ", ".join(f"{each} = local.{each}" for each in SEEN[name])
        (tmp_path / name / "seen.tf").write_text(f'output "seen" {{\n  value = {{ {seen} }}\n}}\n', "utf-8")
        call = {
            "module": {name: {"source": f"./{name}", **values}},
            "output": {name: {"value": f"${{module.{name}.seen}}"}},
        }
        (tmp_path / f"{name}.tf.json").write_text(json.dumps(call), "utf-8")
    terraform = program(tmp_path, {})

    run(terraform, tmp_path, "fmt", "-check", "-recursive", str(ROLES))
    run(terraform, tmp_path, "init", "-input=false")
    run(terraform, tmp_path, "apply", "-input=false", "-auto-approve")
    found = {name: each["value"] for name, each in json.loads(run(terraform, tmp_path, "output", "-json")).items()}
    google, azure = found["google"], found["azure"]
    assert google["members"] == {
        verb: f"principal://iam.googleapis.com/{POOL}/subject/{SUBJECT}{verb}" for verb in ("plan", "apply")
    }
    assert google["condition"] == "assertion.repository_owner_id == '1234567' && assertion.repository_id == '89012345'"
    account = PolicyAccount.model_validate(google["account"])
    assert account.plan_role == "envclone-plan@acme-demo.iam.gserviceaccount.com"
    assert azure["subjects"] == {verb: f"{SUBJECT}{verb}" for verb in ("plan", "apply")}
    assert azure["container"].endswith("/storageAccounts/acmetfstate/blobServices/default/containers/tfstate")
    assert azure["only_on_reviews"].endswith("blobs:path] StringLike 'reviews/*'))")
    ids = {
        f"{verb}_role": f"00000000-0000-0000-0000-00000000000{digit}" for verb, digit in (("plan", "a"), ("apply", "b"))
    }
    PolicyAccount.model_validate({**azure["account"], **ids})
