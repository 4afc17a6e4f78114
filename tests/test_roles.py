"""The roles that `docs/roles/aws` makes: as `docs/oidc.md` describes them, trusted by a job of one GitHub environment alone."""

import json
import shutil
import subprocess
from pathlib import Path

import boto3
import pytest
import yaml

from bot.model.policy import PolicyAccount
from tests import ROOT
from tests.support.cloud import ACCOUNT, REGION, cloud
from tests.support.terraform import LOCK, program

ROLES = ROOT / "docs" / "roles" / "aws"
VALUES = {
    "account_id": ACCOUNT,
    "region": REGION,
    "repository": "acme/infrastructure",
    "repository_ids": {"owner": 1234567, "repository": 89012345},
    "state_bucket": "acme-clones-tfstate",
    "plan_policy_arns": [],  # the stand-in knows none of AWS's own
    "plan_actions": ["ecs:Describe*"],
    "apply_policy_arns": [],
}


@pytest.mark.provider
def test_each_role_is_trusted_by_its_environment_alone_and_the_output_is_what_the_policy_takes(tmp_path: Path) -> None:
    here = tmp_path / "roles"
    shutil.copytree(ROLES, here)
    # As this machine has the provider: whoever copies the directory takes a newer one, too.
    (here / ".terraform.lock.hcl").write_text(LOCK.replace("~> 5.100", ">= 5.100.0"), "utf-8")
    (here / "terraform.tfvars.json").write_text(json.dumps(VALUES), "utf-8")
    with cloud() as aws, pytest.MonkeyPatch.context() as patch:
        for name, value in aws.items():
            patch.setenv(name, value)
        terraform = program(tmp_path, aws)

        def run(*words: str) -> str:
            argv = [str(terraform.binary), *words]
            done = subprocess.run(
                argv, cwd=here, env=dict(terraform.environment), capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            return done.stdout

        run("init", "-input=false", "-lockfile=readonly")
        run("apply", "-input=false", "-auto-approve")
        account = yaml.safe_load(run("output", "-raw", "account"))
        iam = boto3.client("iam")
        for verb in ("plan", "apply"):
            role = iam.get_role(RoleName=f"envclone-{verb}")["Role"]
            (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
            assert statement["Condition"]["StringEquals"] == {
                "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                "token.actions.githubusercontent.com:sub": (
                    f"repo:acme@1234567/infrastructure@89012345:environment:envclone-{verb}"
                ),
            }
            assert PolicyAccount.model_validate(account[ACCOUNT]).model_dump()[f"{verb}_role"] == role["Arn"]
        written = iam.get_role_policy(RoleName="envclone-plan", PolicyName="envclone-plan")["PolicyDocument"]
    said = {each["Sid"]: each for each in written["Statement"]}
    assert said["WriteReviews"]["Resource"] == "arn:aws:s3:::acme-clones-tfstate/reviews/*"
    assert said["NeverReadValues"]["Effect"] == "Deny"
    assert {"s3:PutObject"} == {
        action for each in said.values() for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
        if "Put" in action or "Delete" in action or "Create" in action
    }  # fmt: skip
