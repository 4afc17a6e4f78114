"""What a clone's first plan can't read yet is said before anybody asks for one."""

from bot.core.checks.files.unready import unready
from bot.core.tree import File
from bot.model.pipeline import Stack
from bot.model.policy import StaticCheckRules
from bot.names import StepName

READS = b"""
locals {}
data "terraform_remote_state" "network" {
  backend = "s3"
}
"""


def said(gate: StaticCheckRules, path: str = "app/main.tf") -> list[str]:
    code = {path: File(READS), "network/main.tf": File(b"")}
    return list(unready(code, {StepName(name): Stack() for name in ("app", "network")}, gate))


def test_a_state_of_another_stack_is_named_with_what_replaces_it() -> None:
    (found,) = said(StaticCheckRules())
    assert found.startswith("app/main.tf:3 reads the state of another stack")
    assert "give stack `app` its value as an input" in found


def test_where_the_policy_allows_other_states_nothing_is_said() -> None:
    assert not said(StaticCheckRules(remote_states=("s3://acme/network",)))
    assert not said(StaticCheckRules(data_sources=("terraform_remote_state",)))
    assert not said(StaticCheckRules(), "modules/net/main.tf")
