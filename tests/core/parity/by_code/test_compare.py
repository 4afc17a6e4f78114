"""Parity by code: what differs, where, and who causes it."""

from dataclasses import replace
from datetime import timedelta

from bot.clouds.registry import FACTS
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.compare import compare
from bot.core.parity.output.document import document
from bot.core.parity.output.markdown import report
from bot.core.parity.output.text import text
from bot.core.parity.report import Cause, Difference, Parity
from bot.core.rendering.assemble import TemplateAt, assemble, read_template
from bot.core.rendering.inventory import Inventory
from bot.core.rendering.parameter_values import Origin
from bot.core.requests.clone import Base, Draft, draft_clone
from bot.core.tree import File, Tree
from bot.model.environment import Waiver
from bot.model.policy import Policy, Quota
from bot.model.static_check_rules import StaticCheckRules
from bot.names import EnvironmentName, Login, ParameterName, TemplateName
from tests.core.parity import shop
from tests.support import example
from tests.support.lock_files import lock_file

POLICY = Policy(
    quota=Quota(total=9, per_owner=9),
    gate=StaticCheckRules(providers=("hashicorp/aws", "terraform.io/builtin/terraform", "hashicorp/x")),
)
"""The resources of these tests are of a type `x`."""

VARIABLES = "".join(
    f'variable "{name}" {{}}\n'
    for name in ("name", "vpc_cidr", "db_class", "app_min", "payments_url", "greeting", "tags", "zones", "protected")
)


def template(main: str, **more: str) -> TemplateAt:
    """Return the example template with other Terraform code in its stack `app`."""
    lock = File(lock_file(aws="5.100.0", x="1.0.0"))
    files = {
        **example.template_files(),
        "app/main.tf": File((VARIABLES + main).encode()),
        "app/.terraform.lock.hcl": lock,
    }
    files |= {path.replace("__", "/"): File(data.encode()) for path, data in more.items()}
    return read_template(TemplateName("shop"), files, FACTS)


def clone_of(at: TemplateAt, **command: object) -> tuple[CodeSide, Draft]:
    source = example.production(at)
    files = assemble(at, source)
    base = Base(at, source, files, Inventory({source.name: source}), POLICY)
    drafted = draft_clone(example.asked(**command), base)  # type: ignore[arg-type]
    assert isinstance(drafted, Draft), drafted
    return CodeSide(source, files), drafted


def parity(at: TemplateAt, edits: Tree | None = None, **command: object) -> Parity:
    production, drafted = clone_of(at, **command)
    return compare(production, CodeSide(drafted.manifest, {**drafted.files, **(edits or {})}), at, example.NOW).parity


def at(found: Parity, key: str) -> Difference:
    (one,) = [each for each in found.differences if f"{each.address}:{each.attribute}" == key]
    return one


def causes(each: Difference) -> dict[str, Origin]:
    return {cause.parameter: cause.origin for cause in each.causes}


def test_a_cause_is_the_parameter_that_decides_and_whose_choice_it_was() -> None:
    found = parity(
        template('locals {\n  big = var.db_class == "large"\n}\nresource "x" "y" {\n  size = local.big ? 6 : 1\n}\n')
    )
    assert causes(at(found, "app/x.y:size")) == {"db_class": Origin.PURPOSE}
    assert found.holds


def test_parameters_that_only_together_make_a_difference_are_found() -> None:
    main = 'resource "x" "y" {\n  a = var.protected && var.db_class == "large"\n}\n'
    assert set(causes(at(parity(template(main)), "app/x.y:a"))) == {"db_class", "protected"}


def test_a_hand_edit_on_top_of_what_a_parameter_does_is_a_hand_edit() -> None:
    code = template('resource "x" "y" {\n  name = var.name\n  size = var.db_class\n}\n')
    edited = File(code.files["app/main.tf"].data.replace(b"= var.name", b'= "by-hand"'))
    found = parity(code, {"app/main.tf": edited})
    assert [(each.address, each.attribute, each.clone) for each in found.unexplained] == [
        ("app/x.y", "name", "by-hand")
    ]
    assert causes(at(found, "app/x.y:size")) == {"db_class": Origin.PURPOSE}


def test_a_variable_is_told_of_where_its_effect_is_not_seen() -> None:
    found = parity(template('resource "x" "y" {\n  name = var.name\n}\n'))
    addresses = {each.address for each in found.differences}
    assert "app/var.db_class" in addresses
    assert "app/var.name" not in addresses


def test_code_that_no_value_shows_is_told_of() -> None:
    main = 'resource "x" "y" {\n  days = var.protected ? 30 : 7\n}\nresource "x" "none" {\n  count = 0\n  a = 1\n}\n'
    code = template(main)
    edits = {
        "app/main.tf": File(code.files["app/main.tf"].data.replace(b"? 30", b"? 31").replace(b"  a = 1", b"  a = 2"))
    }
    found = parity(code, edits)
    assert [(each.address, each.attribute) for each in found.unexplained] == [
        ("app/x.none", "(code)"), ("app/x.y", "(code)"),
    ]  # fmt: skip
    assert at(found, "app/x.y:(code)").clone == "days = var.protected ? 31 : 7"
    assert at(found, "app/x.y:(code)").line == VARIABLES.count("\n") + 2


def test_comments_and_layout_are_no_difference_and_counted() -> None:
    code = template('resource "x" "y" {\n  a = 1\n}\n')
    edited = File(code.files["app/main.tf"].data.replace(b"  a = 1", b"  # why\n  a    = 1"))
    found = parity(code, {"app/main.tf": edited})
    assert found.unexplained == []
    assert any("comments and layout" in rule for rule in found.set_apart)


def test_instances_are_paired_by_their_names_in_production() -> None:
    found = parity(template('resource "x" "y" {\n  for_each = toset(["${var.name}-a"])\n  size = var.db_class\n}\n'))
    assert at(found, 'app/x.y["production-a"]:size').clone == "small"
    assert {each.kind for each in found.differences} == {"changed"}


def test_another_revision_of_the_template_is_a_cause_of_its_own() -> None:
    old = template('resource "x" "y" {\n  a = 1\n  size = var.db_class\n}\n')
    new = template('resource "x" "y" {\n  a = 2\n  size = var.db_class\n}\nresource "x" "z" {}\n')
    production, _ = clone_of(old)
    _, drafted = clone_of(new)
    found = compare(production, CodeSide(drafted.manifest, drafted.files), new, example.NOW).parity
    assert found.holds
    revision = [(each.kind, each.address, each.attribute) for each in found.differences if each.is_revision]
    assert revision == [("extra", "app/x.z", ""), ("changed", "app/x.y", "a")]
    assert causes(at(found, "app/x.y:size")) == {"db_class": Origin.PURPOSE}
    assert "another revision of the template" in report(found)


def test_a_hand_edit_in_production_is_unexplained_too() -> None:
    code = template('resource "x" "y" {\n  a = 1\n}\n')
    production, drafted = clone_of(code)
    edited = File(code.files["app/main.tf"].data.replace(b"a = 1", b"a = 2"))
    other = CodeSide(production.manifest, {**production.files, "app/main.tf": edited})
    found = compare(other, CodeSide(drafted.manifest, drafted.files), code, example.NOW).parity
    assert [each.attribute for each in found.unexplained] == ["a"]


def test_a_waiver_lets_one_finding_pass_until_it_ends() -> None:
    drafted = shop.clone()
    edited = shop.edited(drafted.files, "data/database.tf", '"postgres"', '"mysql"')
    until = Waiver(
        what="data/aws_rds_cluster.this:engine", reason="tried for a week", owner=Login("bob"),
        expires_at=shop.NOW + timedelta(days=7),
    )  # fmt: skip
    assert shop.compared(drafted, edited, until).parity.holds
    late = until.model_copy(update={"expires_at": shop.NOW})
    assert not shop.compared(drafted, edited, late).parity.holds
    assert "waived until 2026-03-11 by bob: tried for a week" in report(shop.compared(drafted, edited, until).parity)


def test_secrets_are_not_shown() -> None:
    main = 'variable "token" {\n  sensitive = true\n  default   = "one"\n}\nresource "x" "y" {\n  password = var.name\n  a = var.token\n}\n'
    code = template(main)
    edited = File(code.files["app/main.tf"].data.replace(b'"one"', b'"two"'))
    found = parity(code, {"app/main.tf": edited})
    for key in ("app/x.y:password", "app/x.y:a", "app/var.token:value"):
        assert (at(found, key).production, at(found, key).clone) == ("***", "***")


def test_values_pass_from_stack_to_stack_and_into_hooks() -> None:
    found = shop.compared(shop.clone()).parity
    assert at(found, "hook/flags:with.path").clone == "/demo-x/app/flags"
    assert at(found, "hook/partners:with.webhook_url").aspect == "outbound"
    line = at(found, "hook/partners:with.webhook_url").line
    assert "webhook_url" in shop.BASE.template.files["hooks.yaml"].data.decode().splitlines()[line - 1]


def test_steps_and_files_are_compared_too() -> None:
    drafted = shop.clone()
    files = shop.edited(drafted.files, "hooks.yaml", "  smoke:\n", "  smoke-2:\n")
    files = shop.edited(files, "seed/catalogue/products.json", '"', ' "')
    files = {**files, "seed/extra.txt": File(b"x")}
    found = {(each.kind, each.address) for each in shop.compared(drafted, files).parity.unexplained}
    assert found == {
        ("missing", "hook/smoke"), ("extra", "hook/smoke-2"), ("extra", "seed/extra.txt"),
        ("changed", "seed/catalogue/products.json"),
    }  # fmt: skip


def test_production_is_equal_to_itself() -> None:
    side = CodeSide(shop.BASE.source, shop.BASE.source_files)
    found = compare(side, side, shop.BASE.template, shop.NOW).parity
    assert found.differences == []
    assert found.score == 1


def test_the_largest_report_fits_into_a_pull_request() -> None:
    long = "x" * 300
    each = Difference(
        "changed", f"app/aws_ecs_task_definition.{'a' * 60}", "container_definitions[0].environment", long, long
    )
    named = replace(each, aspect="identity", causes=(Cause(ParameterName("payments_url"), Origin.PURPOSE),))
    parity = Parity(EnvironmentName("demo-x"), EnvironmentName("production"), "code", 900, [each] * 500 + [named] * 500)
    assert len(report(parity)) < 50_000


def test_the_report_says_the_same_in_every_form() -> None:
    drafted = shop.clone()
    files = shop.edited(drafted.files, "data/queue.tf", "= 120\n", "= 60\n")
    found = shop.compared(drafted, files).parity
    data = document(found)
    assert data["holds"] is False
    assert isinstance(data["counts"], dict)
    assert data["counts"]["unexplained"] == 1
    for said in (report(found), text(found, [])):
        assert "aws_sqs_queue.orders:visibility_timeout_seconds" in said
        assert "unexplained" in said
    assert f"1 of {len(found.differences)} differences are unexplained" in report(found)
    assert replace(found, differences=()).holds
