"""What would keep a clone from being destroyed again, found in its code and in its plan."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clouds.aws.destroy_rules import RULES
from bot.core.checks.destroyable import undestroyable_code, undestroyable_plan, violation
from bot.core.plans.environment_plan import StackPlan
from bot.core.plans.plan import Action, PlannedChange, TerraformPlan
from bot.core.plans.plan_values import UNKNOWN, PlanValue
from bot.core.tree import File
from bot.model.pipeline import FromOutput, Stack
from bot.names import StepName

DATA = StepName("data")
VARIABLE = 'variable "protected" {\n  type    = bool\n  default = true\n}\n'


def code(main: str, variables: str | None = None, stack: Stack | None = None, path: str = "data/main.tf") -> list[str]:
    files = {path: File(main.encode())}
    if variables is not None:
        files["data/terraform.tfvars.json"] = File(variables.encode())
    return [str(finding) for finding in undestroyable_code(files, {DATA: stack or Stack()}, "envs/demo-x", RULES)]


def cluster(protection: str, *, skip: str = "true", rest: str = "") -> str:
    body = f"  deletion_protection = {protection}\n  skip_final_snapshot = {skip}\n{rest}"
    return f'{VARIABLE}resource "aws_rds_cluster" "this" {{\n{body}}}\n'


def test_a_protected_database_is_named_with_file_line_and_remedy() -> None:
    (found,) = code(cluster("true"))
    assert found == (
        "envs/demo-x/data/main.tf:6: `aws_rds_cluster.this` could not be destroyed later: `deletion_protection` is "
        "true; it must be false in a clone (AWS refuses to delete it)."
    )


def test_what_hangs_on_a_variable_is_judged_by_its_value() -> None:
    assert code(cluster("var.protected", skip="!var.protected"), '{"protected": false}') == []
    assert len(code(cluster("var.protected", skip="!var.protected"), '{"protected": true}')) == 2
    assert len(code(cluster("var.protected", skip="!var.protected"))) == 2, "the variable's default counts"


@pytest.mark.parametrize(
    ("values", "is_found"),
    [
        ({"terraform.tfvars": "size = 3"}, True),
        ({"terraform.tfvars": "protected = false"}, False),
        ({"terraform.tfvars": "protected = false", "terraform.tfvars.json": '{"protected": true}'}, True),
        ({"terraform.tfvars.json": '{"protected": true}', "a.auto.tfvars": "protected = false"}, False),
        ({"a.auto.tfvars": "protected = false", "b.auto.tfvars": "protected = true"}, True),
        ({"other.tfvars": "protected = false"}, True),
        ({"terraform.tfvars": "protected = = true"}, False),
    ],
)
def test_all_files_with_values_count_in_terraforms_order(values: dict[str, str], is_found: bool) -> None:
    code = {"data/main.tf": cluster("var.protected"), **{f"data/{path}": text for path, text in values.items()}}
    files = {path: File(text.encode()) for path, text in code.items()}
    assert bool(undestroyable_code(files, {DATA: Stack()}, "envs/demo-x", RULES)) is is_found


def test_what_the_code_alone_does_not_tell_is_left_to_the_plan() -> None:
    main = cluster("var.protected", skip="anytrue([var.protected])")
    asked = Stack(inputs={"protected": FromOutput.model_validate({"from": "network.protected"})})
    assert code(main, '{"protected": true}', asked) == []
    assert code(cluster("var.protected", skip="!var.protected"), "not JSON") == []


def test_a_module_of_the_stack_s_own_is_read_but_its_variables_are_not_the_stack_s() -> None:
    path = "data/module/main.tf"
    assert code(cluster("var.protected"), '{"protected": true}', path=path) == []
    (found,) = code(cluster("true"), path=path)
    assert found.startswith("envs/demo-x/data/module/main.tf:6: ")


def test_a_bucket_that_says_nothing_would_be_refused_once_it_is_full() -> None:
    (found,) = code('resource "aws_s3_bucket" "logs" {\n  bucket = "x"\n}\n')
    assert found == (
        "envs/demo-x/data/main.tf:1: `aws_s3_bucket.logs` could not be destroyed later: `force_destroy` is not set; "
        "it must be true in a clone (AWS refuses to delete it unless it is empty)."
    )


def test_prevent_destroy_is_found_whatever_the_resource_is() -> None:
    main = 'resource "aws_sns_topic" "x" {\n  lifecycle {\n    prevent_destroy = true\n  }\n}\n'
    (found,) = code(main)
    assert found.startswith(
        "envs/demo-x/data/main.tf:3: `aws_sns_topic.x` could not be destroyed later: `lifecycle.prevent_destroy`"
    )
    assert code(main.replace("= true", "= false")) == []


@pytest.mark.parametrize(
    "main",
    [
        'resource "aws_secretsmanager_secret" "x" {\n  recovery_window_in_days = 30\n}\n',
        'resource "aws_kms_key" "x" {\n  deletion_window_in_days = 30\n}\n',
        'resource "aws_cognito_user_pool" "x" {\n  deletion_protection = "INACTIVE"\n}\n',
        'resource "aws_s3_bucket_object_lock_configuration" "x" {\n  rule {\n    default_retention {\n      mode = "GOVERNANCE"\n    }\n  }\n}\n',
        'resource "aws_backup_vault_lock_configuration" "x" {\n  min_retention_days = 7\n}\n',
        'data "aws_s3_bucket" "x" {\n  bucket = "x"\n}\n',
    ],
)
def test_what_goes_by_itself_or_can_be_destroyed_is_no_finding(main: str) -> None:
    assert code(main) == []


@pytest.mark.parametrize(
    ("main", "line"),
    [
        ('resource "aws_s3_bucket_object_lock_configuration" "x" {\n  rule {\n    default_retention {\n      mode = "COMPLIANCE"\n    }\n  }\n}\n', 4),
        ('resource "aws_backup_vault_lock_configuration" "x" {\n  changeable_for_days = 3\n}\n', 2),
        ('resource "aws_cognito_user_pool" "x" {\n  deletion_protection = "ACTIVE"\n}\n', 2),
        ('resource "aws_elasticache_cluster" "x" {\n  final_snapshot_identifier = "last"\n}\n', 2),
        ('resource "aws_qldb_ledger" "x" {\n}\n', 1),
        ('resource "aws_lb" "x" {\n  enable_deletion_protection = "true"\n}\n', 2),
    ],
)  # fmt: skip
def test_each_kind_of_protection_is_found(main: str, line: int) -> None:
    (found,) = code(main)
    assert found.startswith(f"envs/demo-x/data/main.tf:{line}: ")


@pytest.mark.parametrize("kind", sorted(RULES))
def test_every_row_of_the_table_passes_what_it_asks_for_and_refuses_something(kind: str) -> None:
    for rule in RULES[kind]:
        assert violation(rule, rule.may_be) is None
        wrong: PlanValue = not rule.may_be if isinstance(rule.may_be, bool) else "other"
        assert rule.attribute in (violation(rule, wrong) or "")


def plan(
    after: Mapping[str, PlanValue], *, address: str = "aws_rds_cluster.this", action: Action = Action.CREATE
) -> list[str]:
    kind = address.split(".")[-2]
    changes = (PlannedChange(address, kind, action, None, after),)
    files = {"data/main.tf": File(cluster("local.on").encode())}
    return [str(f) for f in undestroyable_plan(files, [StackPlan(DATA, TerraformPlan(changes))], "envs/demo-x", RULES)]


def test_the_plan_tells_what_the_code_did_not() -> None:
    (found,) = plan({"deletion_protection": True, "skip_final_snapshot": True})
    assert found.startswith("envs/demo-x/data/main.tf:6: `aws_rds_cluster.this` could not be destroyed later")
    assert plan({"deletion_protection": False, "skip_final_snapshot": True}) == []


def test_what_only_the_apply_will_tell_is_a_finding_where_the_code_asks_for_it() -> None:
    (found,) = plan({"deletion_protection": UNKNOWN, "skip_final_snapshot": True})
    assert "known only after the apply" in found
    assert plan({"disable_api_termination": UNKNOWN}, address="aws_instance.one") == []


def test_what_the_plan_removes_is_judged_no_more() -> None:
    assert plan({"deletion_protection": True}, action=Action.DELETE) == []


def test_a_resource_of_a_module_from_elsewhere_is_named_by_its_address() -> None:
    (found,) = plan({"force_destroy": False}, address='module.logs.aws_s3_bucket.this["a"]')
    assert found.startswith('envs/demo-x/data:1: `module.logs.aws_s3_bucket.this["a"]` could not')


@pytest.mark.parametrize(
    ("written", "is_found"),
    [
        ("true", True), ("!var.on", False), ("local.off", False), ("local.around", False), ("var.absent", False),
        ("var.on ? true : false", True), ("!var.on ? true : var.on ? false : true", False), ("(var.on && var.absent)", False),
        ("!var.on && var.absent", False), ("var.on || var.absent", True), ('var.name == "demo"', True), ("1 == true", False),
        ("length(var.name) == 4", True), ("anytrue([var.on])", True), ("aws_x.y.on", False), ("timestamp()", False),
        ("[for x in range(9000000) : x] == []", False),
    ],
)  # fmt: skip
def test_what_is_switched_by_an_expression_is_judged_by_its_value_and_else_left_to_the_plan(
    written: str, is_found: bool
) -> None:
    around = 'variable "on" {}\nvariable "name" {}\nlocals {\n  off = !var.on\n  around = local.around\n}\n'
    main = f'{around}resource "aws_instance" "x" {{\n  disable_api_termination = {written}\n}}\n'
    found = code(main, '{"on": true, "name": "demo"}')
    assert bool(found) is is_found


def test_null_is_the_same_as_not_written() -> None:
    main = 'resource "aws_s3_bucket" "logs" {\n  force_destroy = null\n}\n'
    assert "`force_destroy` is not set" in code(main)[0]


@given(st.text(alphabet='truefals!?:()&|=" var.x\\$12', max_size=30))
def test_no_text_whatever_makes_it_stumble(text: str) -> None:
    code(f'resource "aws_instance" "x" {{\n  disable_api_termination = {text}\n}}\n')
