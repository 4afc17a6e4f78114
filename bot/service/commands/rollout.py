"""`/rollout`: say which rollouts are under way; pause, resume or abort one, in its issue.

A pause is a label and an abort is a closed issue: neither is lost when the rollout's job writes the issue's text at the same moment.
"""

from typing import assert_never

from pydantic import TypeAdapter

from bot.clients.github.records import Issue
from bot.commands.model import RolloutAction, RolloutCommand
from bot.core.messages.modules import issue as module_issue
from bot.core.messages.rollouts import issue as rollout_issue
from bot.core.rollout.module_record import commit_of
from bot.core.rollout.record import PAUSED, is_rollout
from bot.model.environment import Request
from bot.service.command_job import Accepted, CommandJob
from bot.service.jobs_api import REPORTED, Ended, JobStepResult, Reported, Steps
from bot.service.replies import reply_to
from bot.service.repository import repository_at_head


class Steered(JobStepResult):
    """What was done to the rollout; `text` tells whoever asked."""

    text: str


STEERED: TypeAdapter[Steered | Ended] = TypeAdapter(Steered | Ended)


class SteerRolloutJob(CommandJob[RolloutCommand]):
    """Steers the rollout of the issue in which the command stands."""

    commands = (RolloutCommand,)
    kind = "rollout"

    def carry_out(self, accepted: Accepted[RolloutCommand], steps: Steps) -> Ended | None:
        if accepted.command.action is None:
            steps.run("answer", REPORTED, lambda: self.answer(accepted.request))
            return None
        steered = steps.run("steer", STEERED, lambda: self.steer(accepted))
        if isinstance(steered, Ended):
            return steered
        steps.run("report", REPORTED, lambda: self.report(accepted.request, steered))
        return None

    def answer(self, request: Request) -> Reported:
        """Say which rollouts are under way."""
        policy = repository_at_head(self.context, request.repository).policy()
        numbers = [each.number for each in self._rollouts(request) if each.state == "open"]
        text = rollout_issue.under_way(sorted(numbers), enabled=policy.rollout.enabled)
        return Reported(comments=(reply_to(self.context, request, text),))

    def steer(self, accepted: Accepted[RolloutCommand]) -> Steered | Ended:
        """Set the label, or close the issue."""
        command, request = accepted.command, accepted.request
        ours = self._rollouts(request)
        issue = next((each for each in ours if each.number == request.issue), None)
        if issue is None:
            return self.refuse(request, rollout_issue.elsewhere([each.number for each in ours if each.state == "open"]))
        is_of_modules = commit_of(issue.body) is not None
        if issue.state == "closed" and command.action != "abort":
            return self.refuse(request, module_issue.OVER if is_of_modules else rollout_issue.OVER)
        policy = repository_at_head(self.context, request.repository).policy()
        if not policy.rollout.enabled and command.action == "resume":
            return self.refuse(request, rollout_issue.OFF)
        assert command.action is not None, "without one it is a question"
        self._do(command.action, request, issue)
        return Steered(text=(module_issue if is_of_modules else rollout_issue).STEERED[command.action])

    def report(self, request: Request, steered: Steered) -> Reported:
        """Say what was done."""
        return Reported(comments=(reply_to(self.context, request, steered.text),))

    def _rollouts(self, request: Request) -> list[Issue]:
        return [each for each in self.context.github.our_issues(request.repository) if is_rollout(each.body)]

    def _do(self, action: RolloutAction, request: Request, issue: Issue) -> None:
        github, repository = self.context.github, request.repository
        match action:
            case "pause" | "resume":
                github.mark_issue(repository, issue, PAUSED, has=action == "pause")
            case "abort":
                github.edit_issue(repository, issue, title=issue.title, body=issue.body, state="closed")
            case _:
                assert_never(action)
