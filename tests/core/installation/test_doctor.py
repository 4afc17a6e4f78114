"""What is said of each thing that was found, and what to do about it."""

from datetime import timedelta

import pytest

from bot.core.installation import doctor
from bot.core.installation.app_manifest import EVENTS, PERMISSIONS
from bot.core.installation.doctor import Verdict
from bot.core.installation.tool_source import ToolSource
from bot.errors import Finding

WRONG = (Finding("envs/demo-x/environment.yaml", 3, "`owner` is missing"),)
ACTION = ToolSource("acme/envclone", "a" * 40, "1.2.0").action()
GIB = 1024**3
NONE, SECOND = timedelta(), timedelta(seconds=1)


@pytest.mark.parametrize(
    ("verdict", "health", "said"),
    [
        (doctor.release("git", (2, 39, 5), (2, 31), "Install."), "ok", "2.39.5"),
        (doctor.release("git", (2, 31), (2, 31), "Install."), "ok", "2.31"),
        (doctor.release("git", (2, 30, 9), (2, 31), "Install."), "problem", "2.30.9 is too old: 2.31 or newer"),
        (doctor.release("git", None, (2, 31), "Install."), "problem", "not found"),
        (doctor.policy(("clones",), ()), "ok", "clones"),
        (doctor.policy((), ()), "problem", "no account is named"),
        (doctor.policy((), WRONG), "problem", "environment.yaml:3"),
        (doctor.environments(2, ()), "ok", "2 can be read"),
        (doctor.environments(2, WRONG), "problem", "envs/demo-x/environment.yaml:3"),
        (doctor.environments(0, ()), "problem", "there are none"),
        (doctor.lock_files([]), "ok", "more than one"),
        (doctor.lock_files(["templates/shop/app/.terraform.lock.hcl"]), "unknown", "templates/shop/app/.terraform.lock.hcl"),
        (doctor.lock_files([], ["templates/shop/app/.terraform.lock.hcl"]), "problem", "missing: templates/shop/app"),
        (doctor.tool(ACTION, "1.2.0"), "ok", "1.2.0 at acme/envclone@aaaaaaaaaaaa"),
        (doctor.tool(ACTION, "1.3.0"), "problem", "1.2.0 there, 1.3.0 here"),
        (doctor.tool(None, "1.3.0"), "problem", "is missing"),
        (doctor.tool("name: x\n", "1.3.0"), "left out", "its own repository"),
        (doctor.workflows({"workflows/plan.yml": "unchanged"}), "ok", "as shipped"),
        (doctor.workflows({"workflows/plan.yml": "edited"}), "ok", "except for .github/workflows/plan.yml"),
        (doctor.workflows({"workflows/plan.yml": "merge"}), "problem", "different from what this version ships: workflows/plan.yml"),
        (doctor.workflows({"workflows/plan.yml": None}), "problem", "missing: workflows/plan.yml"),
        (doctor.pins([]), "ok", "pinned to a commit"),
        (doctor.pins(["actions/checkout@v4 in .github/workflows/plan.yml"]), "problem", "not pinned: actions/checkout@v4 in"),
        (doctor.deliveries([]), "left out", "nothing lately"),
        (doctor.deliveries([202, 204]), "ok", "the newest delivery was accepted"),
        (doctor.deliveries([202, 500, 0, 202]), "ok", "not accepted: 2 of the last 4 deliveries; the newest was accepted"),
        (doctor.deliveries([401, 202]), "problem", "not accepted: 1 of the last 2 deliveries; the newest got 401"),
        (doctor.deliveries([404]), "problem", "got 404"),
        (doctor.deliveries([0]), "problem", "got no answer"),
        (doctor.deliveries([503]), "problem", "got 503"),
        (doctor.queue(0, NONE, [2 * SECOND], 30 * SECOND), "ok", "0 waiting, the oldest for 0 s; workers: 1"),
        (doctor.queue(3, 2 * SECOND, [2 * SECOND, 90 * SECOND], 30 * SECOND), "ok", "3 waiting, the oldest for 2 s; workers: 1"),
        (doctor.queue(3, 90 * SECOND, [2 * SECOND], 30 * SECOND), "problem", "the oldest for 90 s"),
        (doctor.queue(0, NONE, [30 * SECOND], 30 * SECOND), "problem", "workers: 0"),
        (doctor.queue(0, NONE, [], 30 * SECOND), "problem", "workers: 0"),
        (doctor.trust("r", "envclone-plan", ["repo:a/b:environment:envclone-plan"]), "ok", "jobs of envclone-plan get it: a/b by name"),
        (doctor.trust("r", "envclone-plan", ["repo:a@1/b@2:environment:envclone-plan"]), "ok", "a/b with ids"),
        (doctor.trust("r", "envclone-plan", ["repo:a@1/b:environment:envclone-plan"]), "problem", "jobs beside"),
        (doctor.trust("r", "envclone-plan", ["repo:a/b:environment:envclone-plan", "repo:a/*"]), "problem", "get it: repo:a/*"),
        (doctor.trust("r", "envclone-plan", ["repo:a/b:environment:envclone-apply"]), "problem", "jobs beside those of envclone-plan"),
        (doctor.trust("r", "envclone-plan", ["repo:a/b:pull_request"]), "problem", "get it: repo:a/b:pull_request"),
        (doctor.trust("r", "envclone-plan", []), "problem", "no job on GitHub gets it"),
        (doctor.owners(()), "ok", "have owners"),
        (doctor.owners(("/.github/",)), "problem", "nobody owns /.github/"),
        (doctor.disk(5 * GIB, "/data"), "ok", "5.0 GiB free in /data"),
        (doctor.disk(GIB - 1, "/data"), "problem", "1.0 GiB free"),
        (doctor.clock(timedelta(seconds=2)), "ok", "2 s ahead"),
        (doctor.clock(timedelta(minutes=-2)), "problem", "120 s behind"),
        (doctor.app({**PERMISSIONS, "contents": "admin"}, sorted(EVENTS)), "ok", "that it needs"),
        (doctor.app({**PERMISSIONS, "pull_requests": "read"}, sorted(EVENTS)), "problem", "pull requests: write"),
        (doctor.app(PERMISSIONS, ["issue_comment"]), "problem", "does not receive check_run, deployment_status"),
        (doctor.required_check("main", ["ci", "envclone"]), "ok", "requires `envclone`"),
        (doctor.deployment_environments("a/b", "main", {"envclone-plan": doctor.PROTECTED_BRANCHES, "envclone-apply": ["main"], "x": None}), "ok", "limited"),
        (doctor.deployment_environments("a/b", "main", {"envclone-plan": None}), "problem", "missing: envclone-apply; open to workflows of any branch: envclone-plan"),
        (doctor.deployment_environments("a/b", "main", {"envclone-plan": ["main", "*"], "envclone-apply": doctor.PROTECTED_BRANCHES}), "problem", "open to more than `main`: envclone-plan: *"),
        (doctor.deployment_environments("a/b", "main", {"envclone-plan": doctor.PROTECTED_BRANCHES, "envclone-apply": ["old"]}), "problem", "closed to `main`: envclone-apply"),
        (doctor.deployment_environments("a/b", "main", {"envclone-plan": (), "envclone-apply": ["main"]}), "problem", "closed to `main`: envclone-plan"),
        (doctor.store("clones", "s3://acme", None), "ok", "s3://acme can be read"),
        (doctor.store("clones", "s3://acme", "access was denied"), "unknown", "access was denied"),
        (doctor.required_check("main", ["ci"]), "problem", "does not require `envclone`"),
    ],
)  # fmt: skip
def test_a_verdict_says_how_it_is(verdict: Verdict, health: str, said: str) -> None:
    assert verdict.health == health
    assert said in verdict.said
    assert bool(verdict.fix) is (health in {"problem", "unknown"}), "whatever is not well comes with what to do"
