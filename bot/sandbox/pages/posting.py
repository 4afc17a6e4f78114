"""The form for a comment by one of the sandbox's people."""

from __future__ import annotations

from secrets import compare_digest

from bot.sandbox.github.answers import ApiError
from bot.sandbox.github.auth import require, write
from bot.sandbox.github.forge import Act
from bot.sandbox.github.issues import add_comment
from bot.sandbox.github.records.accounts import Caller
from bot.sandbox.pages.calls import PageCall, PageMoved


def comment(call: PageCall) -> PageMoved:
    """Comment as whoever was chosen, who must be a person that may; then show the comment.

    The form bears a token that only a page of ours has, so that no other site can send it.
    """
    require_own_form(call)
    repository = call.repository()
    issue = call.forge.issue(repository, call.number("number"))
    account = call.forge.state.account(call.form.get("as", ""))
    if account is None or account.type != "User":
        raise ApiError(422, "Nobody here has that login.")
    caller = Caller(account)
    require(call.forge.state, caller, repository, write("issues", role="read"))
    act = Act(call.forge, repository, caller)
    added = add_comment(act, issue, call.form.get("body", "").replace("\r\n", "\n"))
    kind = "pull" if issue.pull else "issues"
    return PageMoved(f"/{repository.full_name}/{kind}/{issue.number}#issuecomment-{added.id}", 303)


def require_own_form(call: PageCall) -> None:
    """Raise 403 for a form that no page of ours made."""
    if not compare_digest(call.form.get("token", "").encode(), call.form_token.encode()):
        raise ApiError(403, "The form is not from this sandbox, or from an earlier one. Open the page again.")
