"""What code sets, also in modules of elsewhere, which `init` downloaded: the rest is the provider's own."""

from collections.abc import Mapping

import pytest

from bot.core.parity.by_plan.compare import PlanSide, PlanSides
from bot.core.parity.by_plan.configured import calls
from bot.core.tree import File, Tree
from bot.names import StepName

APP = StepName("app")
CALL = """module "net" {
  source  = "acme/net/aws"
  version = "%s"
}
module "own" {
  source = "../../../modules/own"
}
"""
OWN = b'module "deep" {\n  source = "git::https://git.example/deep?ref=v1"\n}\n'
NET = b'resource "aws_subnet" "a" {\n  cidr_block = var.cidr\n  tags { name = 1 }\n}\n'
DOWNLOADED: Mapping[str, Tree] = {
    "net": {"main.tf": File(NET)},
    "net.inner": {"main.tf": File(b'resource "aws_eip" "b" {\n  domain = "vpc"\n}\n')},
    "own.deep": {"main.tf": File(b'resource "aws_key" "c" {}\n')},
    "broken": {"main.tf": File(b'resource "x" {')},
}


def side(version: str) -> PlanSide:
    code = {"app/main.tf": File((CALL % version).encode()), "../../modules/own/main.tf": File(OWN)}
    return PlanSide(code, {})


def test_calls_of_modules_of_elsewhere_are_found_in_those_of_the_repository_too() -> None:
    assert calls(side("5.1.0").code, APP) == {
        "net": ("acme/net/aws", "5.1.0"),
        "own.deep": ("git::https://git.example/deep?ref=v1", None),
    }


@pytest.mark.parametrize("theirs", ["5.1.0", "5.0.0"])
def test_what_a_downloaded_module_sets_is_known_if_both_call_the_same_one(theirs: str) -> None:
    code = PlanSides(side(theirs), side("5.1.0")).declared(APP, DOWNLOADED)
    alike = {"module.net.aws_subnet.a", "module.net.module.inner.aws_eip.b"} if theirs == "5.1.0" else set[str]()
    assert code.clone.keys() == code.production.keys() == {*alike, "module.own.module.deep.aws_key.c"}
    if alike:
        subnet = code.clone["module.net.aws_subnet.a"]
        assert [subnet.sets(path) for path in ("cidr_block", "tags.name", "ipv6_native")] == [True, True, False]
        assert (subnet.file, subnet.line) == ("", 0)
