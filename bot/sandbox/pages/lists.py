"""Lists: repositories, issues, pull requests, deployments."""

from __future__ import annotations

from bot.sandbox.github.records.issues import IssueRecord
from bot.sandbox.pages.calls import PageCall, Shown
from bot.sandbox.pages.pulls import checks_of

PER_PAGE = 50


def repositories(call: PageCall) -> Shown:
    """Every repository of this forge."""
    found = sorted(call.forge.state.repositories.values(), key=lambda each: each.full_name)
    return Shown("repositories.html", "Repositories", {"repositories": found})


def issues(call: PageCall) -> Shown:
    """Issues that are no pull requests, newest first."""
    return _listed(call, is_pull=False)


def pulls(call: PageCall) -> Shown:
    """Pull requests, newest first, each with how its checks stand."""
    return _listed(call, is_pull=True)


def _listed(call: PageCall, *, is_pull: bool) -> Shown:
    repository = call.repository()
    every = [each for each in call.forge.state.issues_of(repository) if (each.pull is not None) is is_pull]
    state = "closed" if call.query.get("state") == "closed" or "is:closed" in call.query.get("q", "") else "open"
    chosen = [each for each in every if each.state == state]
    text = call.query.get("page", "1")
    page = min(int(text) if text.isdecimal() and len(text) < 6 else 1, max(1, -(-len(chosen) // PER_PAGE)))
    shown = chosen[(max(page, 1) - 1) * PER_PAGE :][:PER_PAGE]
    content = {
        "issues": [(each, _standing(call, each), len(call.forge.state.comments_of(each))) for each in shown],
        "state": state,
        "open_count": sum(each.state == "open" for each in every),
        "closed_count": sum(each.state == "closed" for each in every),
        "page": max(page, 1),
        "has_more": len(chosen) > max(page, 1) * PER_PAGE,
        "is_pull": is_pull,
    }
    tab = "pulls" if is_pull else "issues"
    title = "Pull requests" if is_pull else "Issues"
    return Shown("issues.html", title, content, repository, tab, is_live=True)


def _standing(call: PageCall, issue: IssueRecord) -> str:
    """Return one word for how the checks of a pull request stand; empty without any."""
    if issue.pull is None:
        return ""
    return next((each.state for each in checks_of(call.forge, call.repository(), issue.pull.head_sha)), "")


def deployments(call: PageCall) -> Shown:
    """Deployments, newest first, with the last state of each."""
    repository = call.repository()
    wanted = call.query.get("environments_filter", "")
    found = [
        (each, call.forge.state.deployment_statuses[each.id][-1:])
        for each in reversed(call.forge.state.deployments.values())
        if each.repository_id == repository.id and wanted in ("", each.environment)
    ]
    return Shown("deployments.html", "Deployments", {"deployments": found}, repository, "deployments", is_live=True)
