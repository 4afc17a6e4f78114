"""Changed outside on AWS as moto imitates it, by many kinds of resources at once: made code of, and then the plan does nothing."""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from bot.clients.terraform.terraform import RootModule
from bot.clouds.registry import FACTS
from bot.commands.model import Codify
from bot.core.plans.drift import Drift, StepDrift, of_stack
from bot.core.plans.drift_facts import facts_of, read_facts, write_facts
from bot.core.plans.from_state import import_blocks
from bot.core.plans.plan_json import read_plan
from bot.core.rendering.assemble import assemble, read_template
from bot.core.requests.change import Changed, ChangeSubject
from bot.core.requests.codify.codify import CodifySubject, draft_codify
from bot.core.requests.codify.imports import IMPORTED, OpenImport
from bot.core.tree import File
from bot.model.policy import Policy
from bot.names import StepName, TemplateName
from bot.runs.plan.steps.imported import written_for
from tests.runs.drift.codified_kinds import KINDS
from tests.support import example
from tests.support.cloud import REGION
from tests.support.provider_process import provider_process
from tests.support.terraform import PROVIDER, program, provider_files, write

APP = StepName("app")
IN_NO_STATE = (
    "aws_sns_topic",
    "aws_sqs_queue",
    "aws_sns_topic_subscription",
    "aws_secretsmanager_secret",
    "aws_vpc",
    "aws_subnet",
    "aws_security_group",
    "aws_ebs_volume",
)
"""Kinds that are imported by the test: all were once tried but `aws_key_pair` and `aws_ssm_parameter`, whose secrets no provider reads."""


def client(service: str) -> Any:
    make: Any = boto3.client
    return make(service, REGION)


def planned(module: RootModule) -> StepDrift:
    return of_stack(APP, read_plan(module.show(module.plan({}))))


@pytest.mark.provider
def test_what_was_changed_outside_becomes_code_whatever_kind_of_resource_it_is(
    tmp_path: Path, aws: Mapping[str, str]
) -> None:
    main = "\n".join(kind.code for kind in KINDS)
    directory = write(tmp_path / "app", {"main.tf": main, **provider_files(main)})
    with (
        provider_process(aws, main) as reached,
        program(tmp_path / "configuration", reached).opened(directory) as module,
    ):
        module.init()
        module.apply(module.plan({}))
        state = json.loads((directory / "terraform.tfstate").read_text())
        attributes = {each["type"]: each["instances"][0]["attributes"] for each in state["resources"]}
        for kind in KINDS:
            kind.change(client, attributes[kind.type])
        drifted = planned(module)
        files = {**example.template_files(), "app/main.tf": File(main.encode())}
        template = read_template(TemplateName("shop"), files, FACTS)
        manifest = example.production(template)
        facts = read_facts(write_facts(facts_of(Drift(manifest.name, "c" * 40, (drifted,)))))
        assert facts is not None
        assert len(facts.changes) == len(KINDS) - 1, {k.type for k in KINDS} - {
            f.address.split(".")[0] for f in facts.changes
        }
        assert len(KINDS) > 30
        change = ChangeSubject(manifest, template, Policy())
        found = draft_codify(
            Codify(manifest.name), CodifySubject(change, assemble(template, manifest)), facts, example.NOW
        )
        assert isinstance(found, Changed), found
        assert "\n".join(found.notes) == ""
        (directory / "main.tf").write_bytes(found.files["app/main.tf"].data)
        left = planned(module)
        assert left.changes == (), found.files["app/main.tf"].data.decode()
        asked = [OpenImport(f"{kind}.this", attributes[kind]["id"]) for kind in IN_NO_STATE]
        defaults = PROVIDER.replace("{", '{\n  default_tags {\n    tags = { System = "shop" }\n  }\n', 1)
        blocks = import_blocks([each.known() for each in asked])
        lacking = {"main.tf": "", IMPORTED: blocks, **provider_files(main), "provider.tf": defaults}
        other = write(tmp_path / "other", lacking)
        with program(tmp_path / "configuration", reached).opened(other) as empty:
            empty.init()
            code = written_for(empty, asked, {}, timedelta(minutes=10))
        assert (code.secret, code.changed) == ([], [])
        assert "topic_arn                       = aws_sns_topic.this.arn" in code.code
        ignored = "force_overwrite_replica_secret, recovery_window_in_days, tags_all"
        assert f"ignore_changes = [{ignored}] # can't be read back, or the provider would add its defaults" in code.code
        assert "    ignore_changes = [tags_all] # the provider would add its defaults\n" in code.code
        assert len(re.findall(r"ignore_changes = \[.*\btags_all\b.*\]", code.code)) == len(IN_NO_STATE) - 1, code.code
