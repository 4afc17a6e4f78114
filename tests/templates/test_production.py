"""The shipped template holds by the product's own rules, without Terraform."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.clouds.registry import FACTS
from bot.core.checks.static_checks import GateRules, gate
from bot.core.rendering.assemble import read_hooks, read_template
from bot.core.requests.clone import CloneRequest
from bot.core.requests.template_check.proof import a_clone, check_template
from bot.core.tree import File, tree_id
from bot.hooks.validate import template_findings
from bot.model.environment import Manifest
from bot.model.pipeline import FromOutput, Hook, Json, Stack
from bot.model.policy import Policy
from bot.names import EnvironmentName, Login, ParameterName, PurposeName, StepName, TemplateName
from tests.templates.deployment import DEMO, PRODUCTION, TEMPLATE, declaration, rendered, template_files

STACKS = tuple(declaration().stacks)


def production() -> Manifest:
    return Manifest(
        name=EnvironmentName("production"),
        template=TemplateName("production"),
        revision=tree_id(template_files()),
        purpose=PurposeName("production"),
        owner=Login("platform"),
        parameters={ParameterName(name): value for name, value in PRODUCTION.items()},
        stacks=declaration().stacks,
    )


@pytest.mark.slow
def test_the_template_proves_itself_for_every_purpose() -> None:
    template = read_template(TemplateName("production"), template_files(), FACTS)
    asked = CloneRequest(a_clone(EnvironmentName("production"), Login("ana")), None, Login("ana"), datetime.now(UTC))
    proof = check_template(template, production(), asked)
    assert [str(finding) for finding in proof.findings] == []
    assert len(proof.proved) == 1 + len(declaration().purposes)


@pytest.mark.parametrize("parameters", [PRODUCTION, DEMO], ids=["production", "demo"])
def test_rendered_files_pass_the_gate_before_a_plan(parameters: dict[str, Json]) -> None:
    findings = gate(rendered(parameters), declaration().stacks, GateRules(Policy().gate, FACTS), "envs/x")
    assert [str(finding) for finding in findings] == []


def test_declared_hooks_are_known_kinds_with_right_inputs() -> None:
    files = template_files()
    hooks = read_hooks(files, "templates/production")
    template = read_template(TemplateName("production"), files, FACTS)
    assert [str(finding) for finding in template_findings(template, production())] == []
    assert len({hook.uses or "run" for hook in hooks.hooks.values()}) >= 4


def test_only_variables_and_backends_are_rendered() -> None:
    names = {Path(path).name for path in template_files() if path.endswith(".j2")}
    assert names == {"terraform.tfvars.json.j2", "backend.tf.j2"}


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_is_given_each_variable_that_it_declares_and_no_other(stack: str) -> None:
    files = rendered(DEMO)
    text = "".join(file.data.decode() for path, file in files.items() if re.fullmatch(rf"{stack}/[^/]+\.tf", path))
    declared = set(re.findall(r'^variable "(\w+)"', text, re.MULTILINE))
    given = set(json.loads(files[f"{stack}/terraform.tfvars.json"].data))
    inputs = set(declaration().stacks[StepName(stack)].inputs)
    assert not given & inputs
    assert declared == given | inputs
    assert set(re.findall(r"\bvar\.(\w+)", text)) == declared


def test_every_input_is_an_output_of_a_stack_that_is_needed() -> None:
    files = template_files()
    steps: dict[StepName, Stack | Hook] = {
        **declaration().stacks,
        **read_hooks(files, "templates/production").hooks,
    }
    for name, step in steps.items():
        for given in step.inputs.values():
            if isinstance(given, FromOutput):
                outputs = files[f"{given.step}/outputs.tf"].data.decode()
                assert f'output "{given.output}"' in outputs, f"{name}: {given.source}"
                assert given.step in _needed(name), f"{name} uses {given.source} without needing it"


def _needed(name: StepName) -> set[StepName]:
    stacks, hooks = declaration().stacks, read_hooks(template_files(), "templates/production").hooks
    direct = set((stacks.get(name) or hooks[name]).needs)
    return direct.union(*(_needed(need) for need in direct))


@pytest.mark.parametrize("stack", STACKS)
def test_a_provider_asserts_its_account_and_nothing_is_looked_up_elsewhere(stack: str) -> None:
    text = "".join(
        file.data.decode()
        for path, file in rendered(DEMO).items()
        if path.startswith(f"{stack}/") and path.endswith(".tf")
    )
    assert "allowed_account_ids = [var.account_id]" in text
    assert set(re.findall(r'^data "(\w+)"', text, re.MULTILINE)) <= {"aws_iam_policy_document"}
    assert 'key          = "demo-x/' in text


def test_nothing_of_productions_identity_is_in_a_clone() -> None:
    identity = [
        name for name, parameter in declaration().parameters.items() if parameter.identity or parameter.outbound
    ]
    values = {str(PRODUCTION[name]) for name in identity} - {"production", "send"}
    assert len(values) == 7
    for path, file in rendered(DEMO).items():
        for value in values:
            assert value.encode() not in file.data, f"{value} in {path}"


def test_files_of_the_template_name_no_environment() -> None:
    named = re.compile(rb"arn:aws:[a-z0-9-]*:[a-z0-9-]*:(?!000000000000)\d{12}:|\b(?:111111111111|222222222222)\b")
    for path, file in template_files().items():
        if path != "template.yaml":
            assert named.search(file.data) is None, path


@pytest.mark.parametrize("purpose", [name for name in declaration().purposes if name != "production"])
def test_a_clone_replaces_everything_outbound_and_can_be_destroyed(purpose: PurposeName) -> None:
    chosen = declaration().purposes[purpose].set
    outbound = {name for name, parameter in declaration().parameters.items() if parameter.outbound}
    assert outbound <= set(chosen)
    assert all(chosen[name] != PRODUCTION[name] for name in outbound)
    assert chosen[ParameterName("protected")] is False


def test_a_load_test_keeps_every_size() -> None:
    chosen = set(declaration().purposes[PurposeName("load-test")].set)
    assert not {name for name in chosen if name.startswith(("db_", "app_"))}


def test_programs_of_hooks_are_executable() -> None:
    files = template_files()
    assert files["hooks/partners.py"] == File(files["hooks/partners.py"].data, executable=True)


def test_deployments_parameters_are_the_templates() -> None:
    assert set(PRODUCTION) == set(DEMO) == set(declaration().parameters)
    assert (TEMPLATE / "README.md").exists()
