"""REST: reactions to issues and to comments."""

from __future__ import annotations

from typing import Literal

from bot.sandbox.github.answers import ApiError, RestAnswer, not_found
from bot.sandbox.github.issues import react
from bot.sandbox.github.records.issues import ReactionRecord, ReactionSubject
from bot.sandbox.github.rest.issues import READ, TALK, comment_in
from bot.sandbox.github.rest.routing import Operations, RequestBody, RestCall
from bot.sandbox.github.views.issues import reaction_view

table = Operations()
ON_ISSUE = "/repos/{owner}/{repo}/issues/{number}/reactions"
ON_COMMENT = "/repos/{owner}/{repo}/issues/comments/{comment}/reactions"


class NewReaction(RequestBody):
    """Body of "create a reaction"."""

    content: Literal["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"]


def _issue_subject(call: RestCall, *, writing: bool) -> ReactionSubject:
    repository = call.repository(*(TALK if writing else READ))
    return ReactionSubject("issue", call.forge.issue(repository, call.number("number")).id)


def _comment_subject(call: RestCall, *, writing: bool) -> ReactionSubject:
    repository = call.repository(*(TALK if writing else READ))
    return ReactionSubject("comment", comment_in(call, repository).id)


def _listed(call: RestCall, subject: ReactionSubject) -> RestAnswer:
    content = call.query.get("content")
    given = call.forge.state.reactions.get(subject, [])
    found = [reaction for reaction in given if content in (None, reaction.content)]
    return call.listing(found, lambda reaction: reaction_view(call.forge, reaction))


def _created(call: RestCall, subject: ReactionSubject) -> RestAnswer:
    """201, or 200 when the caller had already given this reaction."""
    reaction, is_new = react(call.forge, call.by, subject, call.body(NewReaction).content)
    return RestAnswer(reaction_view(call.forge, reaction), 201 if is_new else 200)


def _deleted(call: RestCall, subject: ReactionSubject) -> RestAnswer:
    given = call.forge.state.reactions.get(subject, [])
    reaction: ReactionRecord | None = next((r for r in given if r.id == call.number("reaction")), None)
    if reaction is None:
        raise not_found()
    if reaction.author.id != call.by.account.id:
        raise ApiError(403, "Must have admin rights to Repository.")
    given.remove(reaction)
    return RestAnswer(status=204)


@table.on("GET", ON_ISSUE)
def list_issue_reactions(call: RestCall) -> RestAnswer:
    """Reactions to an issue or pull request."""
    return _listed(call, _issue_subject(call, writing=False))


@table.on("POST", ON_ISSUE)
def create_issue_reaction(call: RestCall) -> RestAnswer:
    """React to an issue or pull request."""
    return _created(call, _issue_subject(call, writing=True))


@table.on("DELETE", ON_ISSUE + "/{reaction}")
def delete_issue_reaction(call: RestCall) -> RestAnswer:
    """Take back a reaction to an issue."""
    return _deleted(call, _issue_subject(call, writing=True))


@table.on("GET", ON_COMMENT)
def list_comment_reactions(call: RestCall) -> RestAnswer:
    """Reactions to a comment."""
    return _listed(call, _comment_subject(call, writing=False))


@table.on("POST", ON_COMMENT)
def create_comment_reaction(call: RestCall) -> RestAnswer:
    """React to a comment."""
    return _created(call, _comment_subject(call, writing=True))


@table.on("DELETE", ON_COMMENT + "/{reaction}")
def delete_comment_reaction(call: RestCall) -> RestAnswer:
    """Take back a reaction to a comment."""
    return _deleted(call, _comment_subject(call, writing=True))
