"""Every golden text by its file, as functions: what people read, made of `tests.golden.inputs` by the functions that make it for real."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from bot.commands.grammar import Mistake, parse
from bot.commands.model import Destroy, List, Unlock
from bot.core.graph import diagram
from bot.core.messages import (
    apply_comment,
    destroy_pull_request,
    destroy_receipt,
    drift_issue,
    expiry_comments,
    plan_comment,
    replies,
    run_end,
)
from bot.core.messages import change_pull_request as changes
from bot.core.messages import rerun_replies as reruns
from bot.core.messages import status_comment as status
from bot.core.messages.changed_values import values_table
from bot.core.messages.clone_pull_request import ProposedClone
from bot.core.messages.clone_pull_request import body as clone_body
from bot.core.messages.environment_list import Listed, environment_list
from bot.core.rendering.inventory import Inventory
from bot.core.requests.accounts import NamedAccount
from bot.core.requests.branches import Branch, Stranger
from bot.core.requests.destroy import ClosedPull, RemovalRequest, removable
from bot.core.requests.expiry import End, Outlived, Soon, end_of
from bot.core.requests.refusal import Refused
from bot.core.requests.rerun import RunEnd, awaited
from bot.model.account import PolicyAccount
from bot.model.policy import Policy
from bot.model.risk import Risk
from bot.names import EnvironmentName, Login
from tests.golden import inputs as i
from tests.golden.answers import ANSWERS
from tests.golden.modules import MODULES
from tests.golden.pages import PAGES
from tests.golden.terminal import TERMINAL
from tests.golden.versions import VERSIONS
from tests.support import example

Texts = Mapping[str, Callable[[], str]]

WIDER = i.CLONE.model_copy(update={"parameters": {**i.CLONE.parameters, "app_min": 3}})
REMOVED = removable(i.NAME, i.CLONE, Policy())
BY_COMMENT = RemovalRequest("command", i.REQUEST.by, i.NOW, 1, i.REQUEST.url)
BY_RESET = RemovalRequest("reset", i.REQUEST.by, i.NOW, 1, i.REQUEST.url)
MERGED = ClosedPull(42, f"{i.PULL[:-2]}42", i.NOW, is_merged=True)
BY_MERGE = RemovalRequest("pull_request", i.REQUEST.by, i.NOW, closed=MERGED)
EXPIRED = Outlived(i.CLONE, (End(end_of(i.CLONE)),))
BOUND = Outlived(i.CLONE.model_copy(update={"ends_with": 42}), (End(MERGED.at, MERGED),))
BEHIND = replies.Standing(
    "live",
    "envs/demo-x",
    2,
    (replies.ProposedEnvironment(Branch("change", i.NAME), 44),),
    "32 differences, all explained",
    i.facts(
        is_closed=True,
        is_merged=True,
        check="success",
        deployment="success",
        environment_url="https://demo-x.clones.acme.example",
        log_url=i.RUN,
    ),
)


def _progress(**more: object) -> Callable[[], str]:
    return lambda: status.status_comment(i.CLONE, i.facts(**more), i.NOW)


STATUS: Texts = {
    "status/seen": lambda: status.status_comment(i.CLONE, i.facts(pull_number=None, pull_url=""), i.NOW),
    "status/planning": _progress(),
    "status/check-failed": _progress(check="failure"),
    "status/waiting-for-review": _progress(check="success"),
    "status/closed": _progress(is_closed=True),
    "status/merged": _progress(is_closed=True, is_merged=True, check="success"),
    "status/applying": _progress(is_closed=True, is_merged=True, check="success", deployment="in_progress"),
    "status/live": _progress(
        is_closed=True, is_merged=True, check="success", deployment="success",
        environment_url="https://demo-x.clones.acme.example", log_url=i.RUN, results=apply_comment.summary(i.LIVE, 60_000),
    ),
    "status/apply-failed": _progress(
        is_closed=True, is_merged=True, check="success", deployment="failure", deployment_note="demo-x: app failed", log_url=i.RUN
    ),
    "status/change-waiting": lambda: status.proposal_comment(
        Branch("change", i.NAME), i.facts(check="success"), values_table(i.CLONE, WIDER)
    ),
    "status/removal-under-way": lambda: status.proposal_comment(
        Branch("destroy", i.NAME), i.facts(is_closed=True, is_merged=True, deployment="in_progress")
    ),
    "status/destroyed": lambda: status.end_comment(i.CLONE, i.facts(is_closed=True, is_merged=True, deployment="success")),
}  # fmt: skip

REPLIES: Texts = {
    "replies/mistake": lambda: replies.mistake(_mistake("/clone production as demo x")),
    "replies/refused": lambda: replies.refused(
        Refused("Environment `demo-x` already exists (#41). Choose another name, or destroy it first.", Destroy(i.NAME))
    ),
    "replies/forbidden": lambda: replies.forbidden("clone", "read", "write", ("alice", "bob")),
    "replies/in-code": lambda: replies.in_code("/clone production as demo-x"),
    "replies/edited": lambda: replies.edited("/clone production as demo-x"),
    "replies/several": lambda: replies.several(2),
    "replies/waiting": lambda: replies.waiting(i.NOW, is_limit=False),
    "replies/waiting-for-limit": lambda: replies.waiting(i.NOW, is_limit=True),
    "replies/failed": lambda: replies.failed("7f3a9c"),
    "replies/no-subject": lambda: replies.NO_SUBJECT,
    "replies/left-out": lambda: replies.left_out([i.PROBLEM]),
    "replies/strangers": lambda: replies.strangers([Stranger("envclone/demo-y", 12, "mallory"), Stranger("envclone/demo-z")]),
    "replies/squatted": lambda: replies.squatted(i.NAME, Stranger("envclone/demo-x", 12, "mallory")),
    "replies/moved-aside": lambda: replies.moved_aside({"envclone/demo-x": "moved-aside/envclone/demo-x", "envclone": ""}),
    "replies/status": lambda: replies.status(i.CLONE, BEHIND, i.NOW),
    "replies/preview": lambda: replies.preview(i.DRAFT, i.comparison().parity, i.PIPELINE),
    "replies/list": lambda: environment_list(List(), "alice", _listed(), i.NOW),
    "replies/list-nothing-matches": lambda: environment_list(List(owner=Login("zoe")), "alice", _listed(), i.NOW),
}  # fmt: skip


def _mistake(line: str) -> Mistake:
    found = parse(line)
    assert isinstance(found, Mistake)
    return found


def _listed() -> Listed:
    found = {each.name: each for each in (i.PRODUCTION, i.CLONE)}
    proposed = (replies.ProposedEnvironment(Branch("change", i.NAME), 44),)
    return Listed(Inventory(found), proposed, {EnvironmentName("demo-x"): 2})


def _ended(key: str, **more: object) -> Callable[[], str]:
    def text() -> str:
        run = awaited(key)
        assert run is not None
        return run_end.ended(run, RunEnd(**{"url": i.RUN, "conclusion": "failure", "outcome": "failure", **more}))  # type: ignore[arg-type]

    return text


_STARTED = reruns.StartedRun("resume demo-x for comment 1", f"[the run]({i.RUN})")
_UNLOCK = Unlock(i.NAME, because="the runner was switched off")
RUNS: Texts = {
    "runs/never-applied": lambda: reruns.nothing_to_resume(i.NAME, None) or "",
    "runs/nothing-to-resume": lambda: reruns.nothing_to_resume(i.NAME, i.last(state="success")) or "",
    "runs/resumed": lambda: reruns.resumed(i.NAME, i.last(), _STARTED),
    "runs/resumed-silent": lambda: reruns.resumed(i.NAME, i.last(state="in_progress"), _STARTED),
    "runs/unlocked": lambda: reruns.rescued(_UNLOCK, i.REQUEST, i.last(state="in_progress"), _STARTED),
    "runs/planned-again": lambda: reruns.planned_again(41, _STARTED),
    "runs/looking-for-drift": lambda: reruns.looking_for_drift(i.NAME, _STARTED),
    "runs/approved": lambda: reruns.approved(i.COMMIT),
    "runs/too-early": lambda: reruns.too_early(i.NAME, i.COMMIT),
    "runs/ended-resume": _ended("resume demo-x for comment 1", outcome="success", title=apply_comment.title(i.LIVE)),
    "runs/ended-resume-failed": _ended(
        "resume demo-x for comment 1", title="demo-x: app failed", summary=f"\n\n{reruns.failures(i.RESULTS)}"
    ),
    "runs/ended-plan": _ended("plan demo-x of 41 in run 900", outcome="success", title=plan_comment.title(i.PLAN)),
    "runs/ended-plan-failed": _ended("plan demo-x of 41 in run 900", title="app: the provider could not be configured"),
    "runs/ended-drift": _ended(
        "drift demo-x for comment 1", outcome="neutral", title=drift_issue.headline(i.DRIFTED),
        summary=drift_issue.check_summary(i.DRIFTED, "opened #45"),
    ),
    "runs/ended-no-drift": _ended("drift demo-x for comment 1", outcome="success", title="demo-x: no drift"),
    "runs/ended-unsaid": _ended("drift demo-x for comment 1"),
    "runs/ended-cancelled": _ended("resume demo-x for comment 1", conclusion="cancelled"),
}  # fmt: skip

PLANS: Texts = {
    "plans/plan": lambda: plan_comment.complete(i.PLAN, Risk.DESTROY),
    "plans/nothing-to-do": lambda: plan_comment.complete(i.QUIET, Risk.NONE),
    "plans/shortened": lambda: plan_comment.fitted(i.PLAN, Risk.DESTROY, 2_000, i.WHOLE),
    "plans/failed": lambda: plan_comment.failure(
        i.NAME, i.COMMIT, "app: Error: Missing required argument\n\n  on main.tf line 12", i.WHOLE
    ),
    "plans/refused": lambda: plan_comment.refusal(i.NAME, i.COMMIT, [i.PROBLEM], i.WHOLE),
    "plans/undestroyable": lambda: plan_comment.undestroyable(i.NAME, i.COMMIT, [i.PROBLEM], i.WHOLE),
    "plans/created-again": lambda: plan_comment.created_again(i.NAME, i.COMMIT, [i.PROBLEM], i.WHOLE),
    "applies/live": lambda: apply_comment.summary(i.LIVE, 60_000),
    "applies/failed": lambda: apply_comment.summary(i.BROKEN, 60_000),
    "applies/not-begun": lambda: apply_comment.refusal(
        i.NAME, "The plan of `app` is not the reviewed one.", was_begun=False
    ),
    "applies/stopped": lambda: apply_comment.refusal(i.NAME, "Another run took the environment over.", was_begun=True),
    "applies/destroyed": lambda: destroy_receipt.summary(
        i.destroyed(i.step("app"), i.step("network"), orphans={"tag": "environment=demo-x", "places": ["eu-west-1"]}),
        60_000,
    ),
    "applies/destroy-failed": lambda: destroy_receipt.summary(
        i.destroyed(
            i.step("app", state="failed", reason="Error: the bucket is not empty"), i.step("network", state="blocked")
        ),
        60_000,
    ),
    "issues/drift": lambda: drift_issue.body(i.DRIFTED, i.CLONE.owner, i.RUN, {"demo-y": 12, "qa-1": 7}),
    "issues/drift-gone": lambda: drift_issue.gone(i.DRIFTED),
    "issues/drift-back": lambda: drift_issue.came_back(i.DRIFTED),
    "issues/drift-no-more": lambda: drift_issue.no_more("demo-x"),
    "issues/expires-soon": lambda: expiry_comments.warning(Soon(i.CLONE, timedelta(days=1))),
    "issues/expired": lambda: expiry_comments.ended(EXPIRED, 46, f"{i.PULL[:-2]}46", auto_merge=True),
    "issues/end-declined": lambda: expiry_comments.declined(EXPIRED, 46, f"{i.PULL[:-2]}46"),
    "issues/end-refused": lambda: expiry_comments.refused(EXPIRED, "`demo-x` is protected."),
    "issues/bound-ended": lambda: expiry_comments.ended(BOUND, 46, f"{i.PULL[:-2]}46", auto_merge=False),
    "issues/bound-declined": lambda: expiry_comments.declined(BOUND, 46, f"{i.PULL[:-2]}46"),
    "issues/bound-refused": lambda: expiry_comments.refused(BOUND, "`demo-x` is protected."),
    "issues/bound-not-needed": lambda: expiry_comments.not_needed(BOUND.manifest, MERGED),
    "issues/bound-kept": lambda: expiry_comments.needed_again(BOUND.manifest),
}

PULLS: Texts = {
    "pulls/clone": lambda: clone_body(
        ProposedClone(
            manifest=i.CLONE, source=i.PRODUCTION, template=example.template(), pipeline=i.PIPELINE,
            parity=i.comparison().parity, leaks=(), files=len(i.DRAFT.files), diagram=diagram(i.PIPELINE),
            account=NamedAccount("clones", PolicyAccount(id="222222222222")),
        )
    ),
    "pulls/change": lambda: changes.body(
        changes.ProposedChange(
            before=i.CLONE, after=WIDER, source=i.PRODUCTION, template=example.template(),
            files=["app/terraform.tfvars.json"], differences=(), requests=(i.REQUEST,), rival=46,
        )
    ),
    "pulls/destroy": lambda: destroy_pull_request.body(REMOVED, BY_COMMENT, i.PIPELINE, (i.APP, i.NETWORK)),
    "pulls/reset": lambda: destroy_pull_request.body(REMOVED, BY_RESET, i.PIPELINE, (i.APP, i.NETWORK)),
    "pulls/destroy-bound": lambda: destroy_pull_request.body(REMOVED, BY_MERGE, i.PIPELINE, (i.APP, i.NETWORK)),
}  # fmt: skip

TEXTS: Texts = {**STATUS, **REPLIES, **RUNS, **PLANS, **PULLS, **VERSIONS, **MODULES, **ANSWERS, **TERMINAL, **PAGES}
