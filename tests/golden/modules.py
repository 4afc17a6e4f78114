"""Golden texts of a changed module beside the environments that a rollout applies in waves."""

from collections.abc import Callable
from datetime import timedelta

from bot.core.messages.modules import held, issue
from bot.core.rollout.module_record import HeldModule, ModuleRecord
from bot.core.rollout.next_actions import next_actions
from bot.core.rollout.record import MemberStage, RolloutMember
from bot.model.policy import Policy
from bot.model.risk import Risk
from bot.model.rollout import RolloutPolicy
from bot.names import EnvironmentName
from tests.golden import inputs as i

_NAMES = tuple(EnvironmentName(f"demo-{letter}") for letter in "abcd")
_POLICY = Policy(rollout=RolloutPolicy.model_validate({"enabled": True, "pause": "1h"}))
_APPLIED = RolloutMember(MemberStage.APPLIED, 41, Risk.IN_PLACE)
_FAILED = RolloutMember(MemberStage.FAILED, 41, Risk.IN_PLACE, "demo-b: app failed. Comment `/resume demo-b`.")
_WAITING = RolloutMember(MemberStage.WAITING, 41, Risk.REPLACE)


def _rollout(*stages: RolloutMember, is_paused: bool = False, is_aborted: bool = False) -> Callable[[], str]:
    record = ModuleRecord(
        commit=i.COMMIT,
        modules=("modules/network", "modules/service"),
        waves=(_NAMES[:2], _NAMES[2:]),
        started_at=i.NOW - timedelta(hours=2),
        members=dict(zip(_NAMES, stages, strict=True)),
    )

    def text() -> str:
        todo = next_actions(record, _POLICY, record.members, i.NOW, is_paused=is_paused)
        body = issue.body(issue.ShownModules(record, todo, _POLICY, is_aborted)).split("-->\n", 2)[2]
        return f"# {issue.title(record, todo)}\n\n{body}"

    return text


def _said() -> str:
    first, other = HeldModule(50, ["modules/network"], 2), HeldModule(54, ["modules/service"], 1)
    said = (
        *issue.STEERED.values(),
        issue.OVER,
        issue.superseded(54),
        issue.turned_off(0),
        issue.turned_off(2),
        held.summary(_NAMES[:1]),
        held.summary(_NAMES),
        held.waits(first),
        *held.waiting({_NAMES[0]: first, _NAMES[1]: first, _NAMES[2]: other}).split("\n\n"),
        held.not_applied(["modules/network"]),
    )
    return "\n".join(f"- {each.strip()}" for each in said)


MODULES = {
    "rollouts/module-running": _rollout(_APPLIED, RolloutMember(MemberStage.MERGED, 41), _WAITING, _WAITING),
    "rollouts/module-paused": _rollout(*[_WAITING] * 4, is_paused=True),
    "rollouts/module-stopped": _rollout(_APPLIED, _FAILED, _WAITING, _WAITING),
    "rollouts/module-waiting": _rollout(_APPLIED, RolloutMember(MemberStage.GONE), _WAITING, _WAITING),
    "rollouts/module-done": _rollout(*[_APPLIED] * 4),
    "rollouts/module-aborted": _rollout(_APPLIED, _APPLIED, _WAITING, _WAITING, is_aborted=True),
    "rollouts/module-said": _said,
}
