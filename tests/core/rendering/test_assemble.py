"""Files that only some environments get: how production keeps its `import` blocks, and a clone has none."""

from dataclasses import replace

import pytest

from bot.clouds.registry import FACTS
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.compare import compare
from bot.core.rendering.assemble import TemplateAt, assemble, read_template
from bot.core.rendering.verify import verify
from bot.core.requests.clone import Draft, draft_clone
from bot.core.requests.preflight import CheckRules, code_findings
from bot.core.requests.refusal import Refused
from bot.core.requests.template_check.proof import check_template
from bot.core.tree import File
from bot.model.policy import Policy, Quota
from bot.model.static_check_rules import StaticCheckRules
from bot.names import PurposeName, TemplateName
from tests.support import example

IMPORTS = b"""import {
  to = aws_ssm_parameter.greeting
  id = "/production/greeting"
}
"""
POLICY = Policy(gate=StaticCheckRules(imports=True), quota=Quota(total=9, per_owner=9))
RULES = CheckRules(POLICY, FACTS)


def template(said: str = "", path: str = "app/imports.tf") -> TemplateAt:
    files = {**example.template_files(), path: File(IMPORTS)}
    declaration = example.DECLARATION + (f"files: {{{said}}}\n" if said else "")
    return read_template(TemplateName("shop"), {**files, "template.yaml": File(declaration.encode())}, FACTS)


def drafted(at: TemplateAt, purpose: str = "demo") -> Draft | Refused:
    source = example.production(at)
    base = replace(example.base(policy=POLICY), template=at, source=source, source_files=assemble(at, source))
    return draft_clone(example.asked(purpose=PurposeName(purpose)), base)


def test_an_import_is_production_s_alone() -> None:
    at = template("app/imports.tf: {purpose: [production]}")
    source, clone = example.production(at), drafted(at)
    assert isinstance(clone, Draft), clone
    assert "app/imports.tf" in assemble(at, source)
    assert "app/imports.tf" not in clone.files
    assert not verify(clone.manifest.name, clone.files, at)
    assert code_findings(CodeSide(source, assemble(at, source)), RULES) == []


def test_an_import_in_every_environment_is_refused_and_what_to_write_is_accepted() -> None:
    at = template()
    checked = check_template(at, example.production(at), example.asked(), RULES)
    found = next(str(each) for each in checked.findings if "nothing to import" in each.message)
    assert found.startswith("templates/shop/app/imports.tf:1: ")
    said = found.split("`files: {")[1].split("}` in template.yaml")[0]
    right = template(said)
    assert check_template(right, example.production(right), example.asked(), RULES).findings == []


def test_an_import_with_a_for_each_is_shown_by_the_plan() -> None:
    each = b"import {\n  for_each = var.kept\n  to       = aws_ssm_parameter.greeting\n  id       = each.key\n}\n"
    files = {**example.template_files(), "app/imports.tf": File(each)}
    at = read_template(TemplateName("shop"), files, FACTS)
    assert isinstance(drafted(at), Draft)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("app/import.tf: {purpose: [production]}", "is not a file of the template"),
        ("app/imports.tf: {purpose: [prod]}", "unknown purpose `prod`"),
        ("app/imports.tf: {parameter: {kept: true}}", "unknown parameter `kept`"),
        ("app/imports.tf: {parameter: {protected: [true]}}", "`protected` must be true or false"),
    ],
)
def test_a_rule_about_files_that_can_t_hold_is_named_with_its_line(said: str, message: str) -> None:
    at = template(said)
    found = check_template(at, example.production(at), example.asked(), RULES).findings
    assert any(message in each.message and each.path.endswith("template.yaml") and each.line > 1 for each in found)


def test_a_file_that_a_value_leaves_out_is_a_difference_that_the_value_declares() -> None:
    extra = b'resource "aws_ssm_parameter" "more" {\n  name  = "more"\n  value = "x"\n}\n'
    files = {**example.template_files(), "app/more.tf": File(extra)}
    declaration = f"{example.DECLARATION}files: {{app/more.tf: {{parameter: {{protected: true}}}}}}\n"
    at = read_template(TemplateName("shop"), {**files, "template.yaml": File(declaration.encode())}, FACTS)
    clone, source = drafted(at, "load-test"), example.production(at)
    assert isinstance(clone, Draft), clone
    sides = CodeSide(source, assemble(at, source)), CodeSide(clone.manifest, clone.files)
    found = compare(*sides, at, example.NOW).parity
    [gone] = [each for each in found.differences if "more" in each.address]
    assert [str(cause.parameter) for cause in gone.causes] == ["protected"]
