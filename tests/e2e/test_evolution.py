"""A clone follows its template by itself, without a server unless it is asked for, by the real workflow files: a stack is called otherwise, and its state moves."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.clients.git.checkout import Checkout
from bot.core.requests.branches import branch_of
from bot.model.risk import Risk
from bot.model.yaml_document import dump
from bot.sandbox.evolution.acts import all_live, all_merged, asked, note, planned
from bot.sandbox.evolution.story import QUIET, Evolution
from bot.sandbox.front_door import APP, NO_SERVER
from bot.sandbox.github import IssueText, PullSpec
from bot.sandbox.journey import JourneyStage, logs, merged, pull_from, walk
from bot.sandbox.leaflets import LEAFLETS, leaflets
from bot.sandbox.sandbox import REPOSITORY, REQUESTER, REVIEWER, Sandbox, running
from tests import ROOT
from tests.e2e.conftest import Door

OLD, NEW, BRANCH = "print", "press", "press"


@dataclass
class Renaming:
    """The files of the change: the template with its stack under another name."""

    files: dict[str, bytes | None] = field(default_factory=dict)

    @classmethod
    def of(cls, here: Path) -> "Renaming":
        checkout = Checkout(here, Checkout(here).policy().roots)
        found = cls()
        for path, file in checkout.template(LEAFLETS.template).items():
            where = f"{checkout.roots.template(LEAFLETS.template)}/{path}"
            text = file.data.decode()
            if path == "template.yaml":
                found.files[where] = text.replace(f"  {OLD}:\n", f"  {NEW}:\n    renamed_from: [{OLD}]\n").encode()
            elif path == "hooks.yaml":
                found.files[where] = text.replace(f"[{OLD}]", f"[{NEW}]").replace(f"{OLD}.", f"{NEW}.").encode()
            elif path.startswith(f"{OLD}/"):
                found.files[where] = None
                found.files[where.replace(f"/{OLD}/", f"/{NEW}/")] = text.replace(f"/{OLD}/", f"/{NEW}/").encode()
        return found

    def propose(self, story: Evolution) -> bool:
        github = story.sandbox.github
        if not story.pull:
            github.commit(REPOSITORY, self.files, by=REQUESTER, message="Call it what it is", branch=BRANCH)
            spec = PullSpec(IssueText("Call it what it is", "It is a press."), BRANCH, "main")
            story.pull = github.open_pull(REPOSITORY, spec, by=REQUESTER)
            note(story, "followed")
        return merged(story.sandbox, story.pull, by=REVIEWER) is not None


def followed(story: Evolution) -> bool:
    pull = pull_from(story.sandbox, branch_of(QUIET, "change"))
    return pull is not None and pull.pull is not None and pull.pull.merged_by is not None


def things(story: Evolution, stack: str) -> list[str]:
    """Return what the state of a stack of the clone holds."""
    [bucket] = [
        each["Name"] for each in story.sandbox.client("s3").list_buckets()["Buckets"] if "clones" in each["Name"]
    ]
    stored = story.sandbox.client("s3").get_object(Bucket=bucket, Key=f"{QUIET}/{stack}/terraform.tfstate")
    return [each["name"] for each in json.loads(stored["Body"].read())["resources"]]


@pytest.mark.e2e
@pytest.mark.provider
@pytest.mark.timeout(900)
def test_a_clone_follows_its_template_and_merges_itself_and_the_state_of_a_renamed_stack_moves(
    tmp_path: Path, door: Callable[[Door], Door]
) -> None:
    by = door("handle")
    here = leaflets(tmp_path / "monorepo", ROOT)
    policy = Checkout(here).policy()
    rollout = policy.rollout.model_copy(update={"merge": (Risk.NONE, Risk.IN_PLACE)})
    text = dump(policy.model_copy(update={"rollout": rollout}), "../schemas/policy.schema.json")
    (here / ".github" / "envclone.yml").write_text(text)
    with running(tmp_path / "sandbox", here, server=by == "service") as box:
        story = Evolution.begun(box, {})
        stages = [
            JourneyStage("ask", "a clone", 300, asked({"clone": f"/clone production as {QUIET} for archive"})),
            JourneyStage("planned", "is planned", 600, planned((QUIET, "clone"))),
            JourneyStage("merge", "and merged", 300, all_merged("merge", (QUIET, "clone"))),
            JourneyStage("live", "and live", 600, all_live("merge", QUIET)),
            JourneyStage("change", "its stack is called otherwise", 600, Renaming.of(here).propose),
            JourneyStage("followed", "it follows", 600, followed),
            JourneyStage("applied", "and is applied", 600, all_live("followed", QUIET)),
            # The service hears of a run's end beside everything else, and no run of ours shows when it has said so.
            JourneyStage(
                "told", "whoever asked is told", 600, lambda told: f"`{QUIET}` is live" in told.reply("clone")
            ),
        ]
        for _ in walk(story, stages):
            pass
        pull = pull_from(box, branch_of(QUIET, "change"))
        assert pull is not None
        assert pull.pull is not None
        assert pull.pull.merged_by is not None
        assert pull.pull.merged_by.login.startswith(APP), logs(box)
        assert f"**The stack `{OLD}` is now called `{NEW}`.**" in (pull.body or "")
        said = "\n".join(each.body for each in box.github.comments(REPOSITORY, pull.number))
        assert f"`{NEW}` | stack | nothing; its state moves here from `{OLD}`" in said
        assert (things(story, OLD), things(story, NEW)) == ([], ["leaflet"])
        assert_that_it_was_carried_out_by(by, box, story)


def assert_that_it_was_carried_out_by(door: Door, box: Sandbox, story: Evolution) -> None:
    """Check that commands came in by this door alone, that the App answered once, and that no log shows its key."""
    assert box.runner.wait(600)
    runs = [run for run in box.runner.runs if run.workflow.path in NO_SERVER]
    log = "\n".join(run.log.read_text() for run in box.runner.runs)
    if door == "service":
        assert box.service is not None
        assert runs == []
    else:
        assert box.service is None
        assert {run.conclusion for run in runs} == {"success"}, log
        assert {run.event.event for run in runs} == {"issues", "issue_comment", "pull_request_target", "workflow_run"}
        assert {run.jobs["handle"] for run in runs if run.event.event == "issues"} == {"skipped"}, (
            "its text commands nothing"
        )
    issue, comment = story.comments["clone"]
    assert [each.content for each in box.github.reactions(comment)] == ["rocket"]
    (reply,) = [each.body for each in box.github.comments(REPOSITORY, issue) if each.author.login == f"{APP}[bot]"]
    assert f"`{QUIET}` is live" in reply, log
    assert "PRIVATE KEY" not in log
