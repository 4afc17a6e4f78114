"""The golden texts with ten times as much in them as anybody has: long lists, long words, and many of what matters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from bot.commands.grammar import Mistake
from bot.commands.model import List
from bot.core.graph import diagram
from bot.core.messages import (
    apply_comment,
    destroy_receipt,
    drift_issue,
    plan_comment,
    replies,
    rerun_replies,
    run_end,
    run_report,
    status_comment,
)
from bot.core.messages import change_pull_request as changes
from bot.core.messages import clone_pull_request as clones
from bot.core.messages.changed_values import values_table
from bot.core.messages.environment_list import Listed, environment_list
from bot.core.messages.rollouts import issue as rollout_issue
from bot.core.messages.sync_text import ProposedSync, SourceParity
from bot.core.messages.versions import codified_everywhere
from bot.core.parity.leaks import Leak
from bot.core.parity.output.plan_text import section
from bot.core.parity.report import Breach, Difference, Parity
from bot.core.plans.drift import Drift, DriftChange, StepDrift
from bot.core.plans.environment_plan import EnvironmentPlan, StackPlan
from bot.core.plans.plan import Action, HookPlan, PlannedChange, TerraformPlan
from bot.core.plans.plan_values import ValueChange
from bot.core.rendering.inventory import Inventory
from bot.core.requests.branches import Branch, Stranger
from bot.core.requests.codify.everywhere import TemplateChange
from bot.core.requests.rerun import RunEnd, awaited
from bot.core.requests.sync import SyncConflict
from bot.core.requests.template_history import TemplateStep, TemplateVersion
from bot.core.rollout.next_actions import next_actions
from bot.core.rollout.record import MemberStage, RolloutMember, RolloutRecord
from bot.errors import Finding
from bot.model.environment import Manifest
from bot.model.policy import Policy
from bot.model.risk import Risk
from bot.names import EnvironmentName, ParameterName, StepName, TemplateName
from tests.golden import inputs as i
from tests.golden.answers import report
from tests.support import example

WHOLE: Final = "entirely"
"""The word of which every long text is made: a part of it in a text was cut."""
LONG: Final = f"{WHOLE} `{WHOLE} {WHOLE}` " * 100
LOG: Final = f"Error: {WHOLE}\n  on main.tf line 12\n" * 2_000
FINDINGS: Final = [Finding(f"envs/demo-x/app/file_{n}.tf", n + 1, LONG) for n in range(200)]
MERGING: Final = "**Merging this pull request"


@dataclass(frozen=True, slots=True)
class Large:
    """A text, and what a reader must find in it however much there is."""

    text: Callable[[], str]
    says: tuple[str, ...]


def _parameters() -> dict[ParameterName, object]:
    return {ParameterName(f"a_parameter_with_a_long_name_{n}"): f"{n}.{'value.' * 60}" for n in range(500)}


DECLARED: Final = replace(
    example.template(),
    declaration=example.template().declaration.model_copy(
        update={
            "parameters": {
                **example.template().declaration.parameters,
                **{
                    name: example.template().declaration.parameters[ParameterName("greeting")] for name in _parameters()
                },
            }
        }
    ),
)
MANY: Final = i.CLONE.model_copy(update={"parameters": {**i.CLONE.parameters, **_parameters()}})
OTHERS: Final = i.CLONE.model_copy(
    update={"parameters": {**i.CLONE.parameters, **{name: f"{value}*" for name, value in _parameters().items()}}}
)
LEAKS: Final = [
    Leak(f"envs/demo-x/app/file_{n}.tf", n + 1, "111111111111", "production's account", LONG) for n in range(500)
]


def _parity() -> Parity:
    found = [
        Difference("missing", f"app/aws_lb.number_{n}", "", "x" * 300, "") for n in range(500)
    ] + [
        Difference("changed", f"app/aws_ecs_service.number_{n}", "size", f"{'1' * 400}{n}", f"{'1' * 400}*{n}", "sizes")
        for n in range(2_000)
    ]  # fmt: skip
    breaches = [Breach("match", f"parameter:p_{n}", f"`p_{n}` must match production and does not") for n in range(500)]
    return replace(
        i.comparison().parity, differences=found, breaches=breaches, set_apart={f"rule {n}": n for n in range(500)}
    )


def _clone() -> str:
    return clones.body(
        clones.ProposedClone(MANY, i.PRODUCTION, DECLARED, i.PIPELINE, _parity(), LEAKS, 5_000, diagram(i.PIPELINE))
    )


def _change(**more: object) -> str:
    return changes.body(
        changes.ProposedChange(
            MANY, OTHERS, i.PRODUCTION, DECLARED, [f"app/file_{n}.tf" for n in range(1_000)], _parity().differences,
            (i.REQUEST,), **more,  # type: ignore[arg-type]
        )
    )  # fmt: skip


def _sync(*conflicts: SyncConflict) -> str:
    versions = [TemplateVersion(f"{n:040x}", f"{n:040x}", LONG) for n in range(200)]
    sync = ProposedSync(TemplateStep(tuple(versions)), conflicts, FINDINGS, SourceParity(_parity(), _parity()))
    return _change(sync=sync)


def _plan() -> EnvironmentPlan:
    stacks = []
    for at in range(4):
        name = StepName(f"stack-{at}")
        made = [i.create(f"aws_iam_policy.made_{at}_{n}", name=f"{n}", policy=i.POLICY % "s3:*") for n in range(300)]
        gone = [
            PlannedChange(f"aws_db_instance.gone_{at}_{n}", "aws_db_instance", Action.DELETE, {}, None)
            for n in range(20)
        ]
        warnings = tuple(replace(each, message=LONG) for each in FINDINGS[:50])
        stacks.append(StackPlan(name, TerraformPlan((*made, *gone)), warnings=warnings))
    hooks = [HookPlan(StepName(f"hook-{n}"), "http.probe", "would_run", LONG, LONG) for n in range(100)]
    return EnvironmentPlan(i.NAME, i.COMMIT, "update", (*stacks, *hooks))


PLAN: Final = _plan()
GONE: Final = tuple(f"`aws_db_instance.gone_{at}_{n}`" for at in range(4) for n in range(20))
FAILED: Final = [i.step(f"step-{n}", state="failed", reason=LOG, evidence=LONG) for n in range(60)]
DONE: Final = [i.step(f"step-{n}", evidence=LONG, outputs={f"out_{m}": LONG for m in range(10)}) for n in range(60)]
DRIFTED: Final = Drift(
    i.NAME, i.COMMIT,
    tuple(
        StepDrift(
            StepName(f"step-{at}"), "stack", "drifted",
            tuple(DriftChange(f"aws_lb.number_{n}", "changed", (ValueChange("policy", "1" * 500, "2" * 500),)) for n in range(50)),
        )
        for at in range(30)
    ),
)  # fmt: skip
NAMES: Final = [EnvironmentName(f"an-environment-{n:04}") for n in range(1_000)]
STRANGERS: Final = [Stranger(f"envclone/{name}", 12, "mallory") for name in NAMES]


def _rollout() -> str:
    record = RolloutRecord(
        template=TemplateName("shop"),
        revision="d" * 40,
        commit=i.COMMIT,
        waves=tuple((name,) for name in NAMES),
        started_at=i.NOW,
    )
    members = {name: RolloutMember(MemberStage.REFUSED, 7, Risk.DESTROY, note=LONG) for name in NAMES}
    todo = next_actions(record, Policy(), members, i.NOW, is_paused=True)
    return rollout_issue.body(rollout_issue.ShownRollout(record, todo, members, Policy(), i.NOW))


def _listed() -> Listed:
    inventory: dict[EnvironmentName, Manifest] = {name: i.CLONE.model_copy(update={"name": name}) for name in NAMES}
    proposed = [replies.ProposedEnvironment(Branch("change", name), 44) for name in NAMES]
    return Listed(Inventory(inventory), proposed, dict.fromkeys(NAMES, 200))


def _ended(key: str) -> str:
    run = awaited(key)
    assert run is not None
    return run_end.ended(
        run, RunEnd(url=i.RUN, conclusion="failure", outcome="failure", title=LONG, summary=f"\n\n{LOG}")
    )


def _progress(**more: object) -> str:
    return status_comment.proposal_comment(Branch("change", i.NAME), i.facts(**more), values_table(MANY, OTHERS))


_RUN: Final = rerun_replies.StartedRun("resume demo-x for comment 1", f"[the run]({i.RUN})")
_NEXT: Final = "comment `/resume demo-x`"
_APPLIED: Final = {
    "is_closed": True, "is_merged": True, "check": "success", "deployment": "success", "environment_url": "https://demo-x.example",
}  # fmt: skip


def _everywhere() -> TemplateChange:
    names = [EnvironmentName(f"demo-{n}") for n in range(500)]
    return TemplateChange({}, {f"`app/aws_lb.this[{n}]`": names for n in range(5_000)}, ["`app/x.y`: no"] * 5_000)


LARGE: Mapping[str, Large] = {
    "applies/live": Large(lambda: apply_comment.summary(i.applied(*DONE), 60_000), ("### ✅ demo-x is live",)),
    "applies/failed": Large(lambda: apply_comment.summary(i.applied(*FAILED), 60_000), ("### ❌ demo-x: step-0", _NEXT)),
    "applies/not-begun": Large(lambda: apply_comment.refusal(i.NAME, LOG, was_begun=False), ("`demo-x` was not applied",)),
    "applies/destroy-failed": Large(
        lambda: destroy_receipt.summary(
            i.destroyed(*FAILED, orphans={"tag": "environment=demo-x", "places": ["eu-west-1"], "found": [f"arn:{n}" for n in range(5_000)]}),
            60_000,
        ),
        ("### ❌ demo-x was not destroyed", "**Next:** destroyed steps stay destroyed", "**Still there**", "and 4,900 more"),
    ),
    "issues/drift": Large(
        lambda: drift_issue.body(DRIFTED, i.CLONE.owner, i.RUN, dict.fromkeys(NAMES, 7)),
        ("Comment `/repair demo-x`", "The same change was found in", "`step-29`"),
    ),
    "plans/plan": Large(
        lambda: plan_comment.fitted(PLAN, Risk.DESTROY, plan_comment.COMMENT_LIMIT, i.WHOLE),
        ("**80 resources will be destroyed**", "Shortened to fit. The complete plan", *GONE),
    ),
    "plans/failed": Large(lambda: plan_comment.failure(i.NAME, i.COMMIT, LOG, i.WHOLE), ("No plan for `demo-x`", "[the run's log]")),
    "plans/refused": Large(lambda: plan_comment.refusal(i.NAME, i.COMMIT, FINDINGS, i.WHOLE), ("`demo-x` was not planned",)),
    "plans/parity": Large(
        lambda: section(_parity(), LEAKS, LONG, 20_000),
        ("❌ does not hold", "and 480 more leaks", "and 480 more broken contracts", "Shortened to fit"),
    ),
    "pulls/clone": Large(_clone, (f"{MERGING} deploys the clone.**", "500 leaks", "and 450 more leaks", "**2,500 of 2,500 differences are unexplained**")),
    "pulls/change": Large(_change, (f"{MERGING} applies exactly the plan", "### Commands that work here", "and 440 more parameters")),
    "replies/refused": Large(lambda: replies.mistake(Mistake(LONG, "/clone production as demo-x")), ("\n/clone production as demo-x\n",)),
    "replies/left-out": Large(lambda: replies.left_out(FINDINGS), ("**Not listed, because they can't be read:**",)),
    "replies/strangers": Large(lambda: replies.strangers(STRANGERS), ("**Not counted, because I didn't propose them**",)),
    "replies/list": Large(
        lambda: environment_list(List(), "alice", _listed(), i.NOW),
        ("This is page 1 of 10. Comment `/list page=2` for the next.", "`an-environment-0099`"),
    ),
    "replies/forbidden": Large(
        lambda: replies.forbidden("clone", "read", "write", [f"person-{n}" for n in range(500)]), ("`person-4` or 495 others",)
    ),
    "rollouts/paused": Large(_rollout, ("**Paused** in wave 1000 of 1000", "and 850 more", "Comment `/rollout resume`")),
    "runs/ended-resume-failed": Large(lambda: _ended("resume demo-x for comment 1"), (f"([log]({i.RUN}))", _NEXT)),
    "runs/resumed": Large(lambda: rerun_replies.resumed(i.NAME, i.last(note=LONG, results=LOG), _RUN), ("`demo-x` where it stopped: see [the run]",)),
    "status/live": Large(
        lambda: status_comment.status_comment(
            i.CLONE, i.facts(results=apply_comment.summary(i.applied(*DONE), 60_000), **_APPLIED), i.NOW
        ),
        ("### `demo-x` is live", "It expires on"),
    ),
    "status/change-waiting": Large(lambda: _progress(check="success"), (f"[Review the plan]({i.PULL}), then merge it to apply.",)),
    "versions/sync-with-conflict": Large(
        lambda: _sync(*[SyncConflict(f"app/file_{n}.tf", ((4, 10),)) for n in range(200)]),
        ("### Conflicts", "`envs/demo-x/app/file_199.tf", f"{MERGING} applies exactly the plan", "and 170 more"),
    ),
    "versions/codify-everywhere": Large(
        lambda: codified_everywhere.body(i.NAME, _everywhere(), i.REQUEST), ("Requested by @alice", "`app/aws_lb.this[0]`")
    ),
    "plans/many": Large(
        lambda: run_report.many_plans([report(i.NAME, "failure", "app failed " * 15)] * 5_000, ["qa-1: no report"] * 5_000, i.COMMIT),
        ("Plans of 10,000 environments", "0 plans succeeded"),
    ),
    "versions/sync": Large(_sync, (f"{MERGING} applies exactly the plan",)),
}  # fmt: skip
"""By the golden text of which it is the large one, or by what is part of one."""
