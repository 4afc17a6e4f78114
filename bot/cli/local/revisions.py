"""The revisions of a template as a checkout knows them: those that are committed, and the one of the work tree."""

from bot.clients.git.checkout import Checkout
from bot.clients.git.history.templates import template_history
from bot.core.requests.template_history import TemplateHistory, TemplateVersion
from bot.core.tree import tree_id
from bot.errors import Unverifiable, UserError
from bot.names import TemplateName


def history_here(checkout: Checkout, name: TemplateName) -> TemplateHistory:
    """Return the revisions on the branch that is checked out, newest first; before them what is not committed yet.

    Without a repository there is none but that of the work tree.
    """
    try:
        history = template_history(checkout.root, "HEAD", checkout.roots.template(name))
    except Unverifiable:
        history = ()
    try:
        present = checkout.template(name)
    except UserError:  # `verify` names what is wrong with it
        present = {}
    revision = tree_id(present) if present else ""
    if not revision or (history and history[0].revision == revision):
        return history
    return [TemplateVersion("", revision, ""), *history]
