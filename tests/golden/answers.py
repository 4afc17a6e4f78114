"""Golden texts of what is said seldom: help, a reset, a change of the template, previews, and what a check says of drift."""

from collections.abc import Callable, Mapping

from bot.commands.model import CommandVerb, Help
from bot.core.messages import (
    change_pull_request,
    clone_pull_request,
    destroy_pull_request,
    drift_issue,
    environment_list,
    run_end,
    run_report,
)
from bot.core.messages.reference import help_text
from bot.core.messages.rollouts import issue as rollout_issue
from bot.core.messages.versions import codified_everywhere, made_again, preview, repaired
from bot.core.plans.job_report import JobReport, ReportedCheck
from bot.core.requests.codify.everywhere import TemplateChange
from bot.core.requests.destroy import RemovalRequest, removable
from bot.model.policy import Policy
from bot.model.roots import DEFAULT
from bot.names import EnvironmentName, TemplateName
from tests.golden import inputs as i
from tests.golden.versions import ASKS, RECORD, STEP, evidence, waiting
from tests.support import example

Texts = Mapping[str, Callable[[], str]]

LINK = f"[#46]({i.PULL[:-2]}46)"
WIDER = i.CLONE.model_copy(update={"parameters": {**i.CLONE.parameters, "app_min": 3}})
REMOVED = removable(i.NAME, i.CLONE, Policy())
OTHER = EnvironmentName("demo-y")
CHANGE = TemplateChange(
    {},
    {"`app/aws_lb.main`: `idle_timeout`": (OTHER,)},
    ("`app/aws_db_instance.main`: no other environment was changed in this way",),
)
WAITING = run_end.under_way("plan demo-x of 41 in run 900", "#41 is being planned again.")


def report(name: EnvironmentName, conclusion: str, title: str) -> JobReport:
    check = ReportedCheck.model_validate({"conclusion": conclusion, "title": title, "summary": ""})
    return JobReport(environment=name, commit=i.COMMIT, comment="-", plan=check)


def _listed(*said: str) -> str:
    return "\n".join(f"- {each}" for each in said)


ANSWERS: Texts = {
    "replies/help": lambda: help_text.help_text(Help(), example.template().declaration, Policy()),
    "replies/help-clone": lambda: help_text.help_text(Help(CommandVerb("clone")), example.template().declaration, Policy()),
    "replies/unmanaged": lambda: environment_list.unmanaged({"legacy", "shared-dns"}, DEFAULT),
    "replies/changed-in-place": lambda: change_pull_request.in_place(i.CLONE, WIDER, LINK),
    "plans/many": lambda: run_report.many_plans(
        [report(i.NAME, "success", "1 to add"), report(OTHER, "failure", "app: the provider could not be configured")],
        ["qa-1: no report"],
        i.COMMIT,
    ),
    "issues/drift-check": lambda: "\n\n".join(
        [drift_issue.check_summary(i.DRIFTED, "opened #45"), drift_issue.check_text(i.DRIFTED)]
    ),
    "issues/drift-of-several": lambda: drift_issue.body_of_cause({"a4da1de9c4ae"}, {OTHER: 12, i.NAME: 45}),
    "issues/drift-of-several-gone": drift_issue.cause_gone,
    "terminal/drift": lambda: drift_issue.text(i.DRIFTED),
    "runs/end-in-its-place": lambda: run_end.told(WAITING, lambda key: f"It ended ({key})."),
    "rollouts/opening": lambda: rollout_issue.opening(RECORD, (STEP.commits or ())[0]).split("-->\n", 2)[2],
    "rollouts/turned-off": rollout_issue.turned_off,
    "rollouts/under-way": lambda: _listed(
        rollout_issue.under_way([50, 54], enabled=True), rollout_issue.under_way([], enabled=True), rollout_issue.under_way([], enabled=False)
    ),
    "versions/reset": lambda: _listed(
        made_again.promised(""), made_again.promised(LINK), made_again.promised(LINK, is_given_up=True),
        made_again.under_way(i.NAME, LINK), made_again.closed(i.NAME, LINK), made_again.expired(i.NAME),
        made_again.of_the_other_kind(i.NAME, 46, is_reset=True), made_again.of_the_other_kind(i.NAME, 46, is_reset=False),
        made_again.refused(i.NAME, "`app_min` must be at least 2."), made_again.no_data(i.NAME), repaired.beside_a_reset(i.NAME, 46),
        destroy_pull_request.change_ended(i.NAME, "#46"),
    ),
    "versions/reset-recreated": lambda: made_again.introduction(i.NAME, 46),
    "versions/reset-impossible": lambda: made_again.cannot(i.NAME, "Its network was given to `demo-y` in the meantime."),
    "versions/codify-everywhere": lambda: codified_everywhere.body(i.NAME, CHANGE, i.REQUEST),
    "versions/codify-everywhere-answers": lambda: _listed(
        codified_everywhere.proposed(LINK), codified_everywhere.behind(i.NAME), codified_everywhere.open_already(46)
    ),
    "versions/preview": lambda: preview.applied(evidence(i.NAME)),
    "versions/preview-asks": lambda: preview.waits(waiting(), i.COMMIT, ASKS),
    "versions/preview-stays": lambda: preview.stays(i.CLONE, i.COMMIT, "`region` needs a value."),
    "pulls/titles": lambda: _listed(
        clone_pull_request.title(i.CLONE), made_again.title(i.NAME), codified_everywhere.title(TemplateName("shop")), drift_issue.title(i.NAME), drift_issue.title_of_cause({OTHER: 12, i.NAME: 45}),
        *(destroy_pull_request.title(REMOVED, RemovalRequest(why, i.REQUEST.by, i.NOW, 1, i.REQUEST.url)) for why in ("command", "reset")),
    ),
}  # fmt: skip
