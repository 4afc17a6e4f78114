"""Leaks: production reached from a clone in any way is caught, by line and by name; a clean clone passes."""

from datetime import timedelta

import pytest

from bot.core.parity.leaks import Leak, SearchedText, search, unwaived
from bot.core.requests.clone import Draft
from bot.core.tree import File, Tree
from bot.model.environment import Waiver
from bot.names import Login
from tests.core.parity import shop


def told(files: Tree, drafted: Draft | None = None) -> list[str]:
    return [f"{leak.place}:{leak.line} {leak.found}" for leak in shop.leaked(drafted or shop.clone(), files)]


def edited(path: str, was: str, now: str) -> Tree:
    return shop.edited(shop.clone().files, path, was, now)


@pytest.mark.parametrize("purpose", ["qa", "demo", "load-test", "dev"])
def test_a_clean_clone_has_none(purpose: str) -> None:
    assert shop.leaked(shop.clone(purpose=purpose)) == []


# The third story: production's payment endpoint, queue, mail sender or secret, reached in six ways.
@pytest.mark.parametrize(
    ("path", "was", "now", "leak"),
    [
        ("data/parameters.tf", "= var.payments_url", '= "https://api.payments.example/v1"', "https://api.payments.example/v1"),
        ("data/parameters.tf", "= var.mail_sender", '= "orders@shop.acme.example"', "orders@shop.acme.example"),
        ("data/terraform.tfvars.json", "https://sandbox.payments.example/v1", "https://api.payments.example/v1", "https://api.payments.example/v1"),
        ("data/variables.tf", 'variable "payments_url" {', 'variable "payments_url" {\n  default = "https://api.payments.example/v1"', "https://api.payments.example/v1"),
        ("data/parameters.tf", "locals {", 'locals {\n  host = "api.payments.example"', "api.payments.example"),
        ("data/queue.tf", "resource", 'data "aws_sqs_queue" "orders" {\n  name = "production-orders"\n}\nresource', "production-orders"),
        ("data/queue.tf", "resource", 'data "aws_rds_cluster" "db" {\n  cluster_identifier = "production"\n}\nresource', "production"),
        ("data/queue.tf", "resource", 'data "aws_sqs_queue" "q" {\n  name = "production-returns"\n}\nresource', "production-returns"),
        ("hooks.yaml", "{parameter: webhook_url}", '{value: "https://partners.acme.example/orders"}', "https://partners.acme.example/orders"),
        ("hooks.yaml", "{from: data.flags_path, stand_in: /not-made-yet}", "{value: /production/app/flags}", "/production/app/flags"),
        ("data/secrets.tf", '"${var.name}/payments"', '"production/payments"', "production/payments"),
        ("hooks/partners.py", "SECONDS = 15", 'SECRET = "arn:aws:secretsmanager:eu-central-1:111111111111:secret:x"', "arn:aws:secretsmanager:eu-central-1:111111111111:secret:x"),
        ("data/backend.tf", "demo-x/data", "production/data", "production/data/terraform.tfstate"),
        ("data/backend.tf", "acme-clones-tfstate", "acme-production-tfstate", "acme-production-tfstate"),
        ("network/vpc.tf", "cidrsubnet(var.vpc_cidr, 4, each.value)", '"10.0.3.0/24"', "10.0.3.0/24"),
        ("app/service.tf", "db.${var.private_domain}", "db.shop.acme.example", "db.shop.acme.example"),
        ("data/buckets.tf", '"acme-shop-${var.name}-${each.key}-${var.account_id}"', '"acme-shop-production-assets-111111111111"', "acme-shop-production-assets-111111111111"),
    ],
)  # fmt: skip
def test_what_is_productions_is_found_with_file_and_line(path: str, was: str, now: str, leak: str) -> None:
    files = edited(path, was, now)
    lines = files[path].data.decode().splitlines()
    at = next(
        number
        for number, line in enumerate(lines, start=1)
        if leak in line and line not in shop.clone().files[path].data.decode()
    )
    found = shop.leaked(shop.clone(), files)
    assert (path, at, leak) in [(each.place, each.line, each.found) for each in found]
    assert all(each.instead for each in found)


@pytest.mark.parametrize(
    ("was", "now", "leak"),
    [
        ("= var.payments_url", '= "https://${join(".", ["api", "payments", "example"])}/v1"', "https://api.payments.example/v1"),
        ("= var.payments_url", '= "${local.scheme}://${local.host}/v1"', "https://api.payments.example/v1"),
        ("= var.payments_url", '= format("/%s/%s", lower("PRODUCTION"), "app")', "/production/app"),
    ],
)  # fmt: skip
def test_what_is_put_together_is_found_where_it_is_used(was: str, now: str, leak: str) -> None:
    files = edited("data/parameters.tf", was, now)
    files = shop.edited(
        files,
        "data/parameters.tf",
        "locals {",
        'locals {\n  scheme = "https"\n  host = "${local.left}.example"\n  left = "api.payments"',
    )
    assert leak in [each.found for each in shop.leaked(shop.clone(), files)]


def test_it_says_what_should_stand_there() -> None:
    (found,) = shop.leaked(shop.clone(), edited("data/secrets.tf", '"${var.name}/payments"', '"production/payments"'))
    assert found.message == "`production/payments` is a name in production: the clone's own is `demo-x/payments`."


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("[var.account_id]", '["111111111111"]'),
        ("[var.account_id]", '[var.account_id, "333333333333"]'),
        ("[var.account_id]", 'split(",", data.aws_x.y.accounts)'),
        ("allowed_account_ids = [var.account_id]", "max_retries = 3"),
    ],
)
def test_every_provider_asserts_the_clones_account(was: str, now: str) -> None:
    files = edited("app/provider.tf", was, now)
    assert any(leak.startswith("app/provider.tf:1 app/provider.aws") for leak in told(files))


def test_an_aliased_provider_may_assert_another_account_that_the_policy_names() -> None:
    other = 'provider "aws" {\n  alias = "dns"\n  allowed_account_ids = ["333333333333"]\n}\n'
    files = edited("app/provider.tf", 'provider "aws"', f'{other}provider "aws"')
    (leak,) = shop.leaked(shop.clone(), files)
    assert (leak.found, "`also`" in leak.message) == ("app/provider.aws.dns", True)
    assert shop.leaked(shop.clone(), files, others=frozenset({"333333333333"})) == []


def test_no_policy_lets_the_provider_without_an_alias_assert_another_account() -> None:
    files = edited("app/provider.tf", "[var.account_id]", '["333333333333"]')
    assert [leak.found for leak in shop.leaked(shop.clone(), files, others=frozenset({"333333333333"}))] == [
        "app/provider.aws"
    ]


def test_a_stack_without_a_provider_asserts_nothing() -> None:
    files = {path: file for path, file in shop.clone().files.items() if path != "app/provider.tf"}
    (leak,) = shop.leaked(shop.clone(), files)
    assert leak.found == "app/provider.aws"


def test_remote_state_whose_place_cant_be_told_is_a_leak() -> None:
    block = 'data "terraform_remote_state" "n" {\n  backend = "s3"\n  config = { bucket = aws_x.y.id, key = "k" }\n}\nresource'
    assert any("aws_x.y.id" in leak for leak in told(edited("data/queue.tf", "resource", block)))


def test_the_bare_word_is_no_leak() -> None:
    files = edited(
        "data/queue.tf",
        "= 120\n",
        '= 120 # production has as many; production-like\n  tags = { Like = "production" }\n',
    )
    assert told(files) == []


def test_what_is_said_to_people_alone_is_no_leak() -> None:
    host = "api.payments.example"
    comment = f"# Not {host}.\n/* nor\n{host} */\nlocals {{ # {host}"
    assert told(edited("data/parameters.tf", "locals {", comment)) == []
    assert told({**shop.clone().files, "data/README.md": File(f"Production asks {host}.\n".encode())}) == []
    text = told(edited("data/parameters.tf", "locals {", f'locals {{\n  /* \n */ a = "# {host}" # none\n'))
    assert text == [f"data/parameters.tf:{line_of_locals() + 2} {host}"]
    script = edited("hooks/partners.py", "SECONDS = 15", f"SECONDS = 15  # {host}")
    assert [each.rpartition(" ")[2] for each in told(script)] == [host], "only Terraform's comments are known for sure"


def line_of_locals() -> int:
    lines = shop.clone().files["data/parameters.tf"].data.decode().splitlines()
    return next(number for number, line in enumerate(lines, start=1) if line.startswith("locals {"))


def test_own_values_that_hold_productions_are_no_leaks() -> None:
    drafted = shop.clone("production-2", "demo", payments_url="https://test.api.payments.example/v1")
    assert shop.leaked(drafted) == []


def test_a_waiver_lets_one_line_pass() -> None:
    files = edited("data/secrets.tf", '"${var.name}/payments"', '"production/payments"')
    waiver = Waiver(
        what="data/secrets.tf:10", reason="reads the shared test key", owner=Login("bob"),
        expires_at=shop.NOW + timedelta(days=1),
    )  # fmt: skip
    (leak,) = shop.leaked(shop.clone(), files, waiver)
    assert leak.waiver == waiver
    assert unwaived([leak]) == []
    (late,) = shop.leaked(shop.clone(), files, waiver.model_copy(update={"expires_at": shop.NOW}))
    assert unwaived([late]) == [late]


def test_values_of_a_plan_are_searched_in_the_same_way() -> None:
    identity = shop.compared(shop.clone()).identity
    texts = [
        SearchedText("aws_x.y:arn", 0, "arn:aws:sqs:eu-central-1:111111111111:production-orders"),
        SearchedText("a:b", 0, "fine"),
    ]
    found = list(search(texts, identity))
    assert {(leak.place, leak.found) for leak in found} == {
        ("aws_x.y:arn", "production-orders"),
        ("aws_x.y:arn", "arn:aws:sqs:eu-central-1:111111111111:"),
    }
    assert all(isinstance(leak, Leak) for leak in found)
