"""What people read of a change of the template that keeps what was changed outside in several environments."""

from bot.core.markdown import code, table
from bot.core.plural import joined
from bot.core.requests.codify.everywhere import TemplateChange
from bot.model.environment import Request
from bot.names import EnvironmentName, TemplateName

MOST_NAMED = 10
"""Environments in a row of the table; the drift issues name the others."""


def title(template: TemplateName) -> str:
    """Return the title of the pull request, and of its commit."""
    return f"Codify template {template}: keep what was changed in several environments"


def body(name: EnvironmentName, change: TemplateChange, request: Request) -> str:
    """Return the pull request's text; `name` is the environment in which it was looked at."""
    rows = [
        (what, joined([code(each) for each in (name, *having)], MOST_NAMED)) for what, having in change.taken.items()
    ]
    left = "\n".join(f"- {each}" for each in change.left)
    parts = [
        (
            f"Requested by @{request.by} [in #{request.issue}]({request.url}). The same change was made outside the code in several environments, so "
            "this pull request makes it part of their template."
        ),
        table(("What was changed", "Found in"), rows),
        f"### What is not part of it\n\n{left}" if left else "",
        "### What follows",
        (
            "This changes the template and no environment. After the merge each follows in the rollout, if the policy has one, or with `/sync`; "
            "where the change was found, the plan is empty. Production is rendered again like every other environment."
        ),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def proposed(link: str) -> str:
    """Return the answer to whoever asked."""
    return f"{link} changes the template. Review and merge it; environments then follow by a rollout or `/sync`."


def behind(name: EnvironmentName) -> str:
    """Return why nothing is proposed of an environment that is at an older revision."""
    return f"{code(name)} is behind its template. Comment {code(f'/sync {name}')} first."


def open_already(number: int) -> str:
    """Return why nothing is proposed while another such change is open."""
    return f"#{number} changes the template in this way. Merge or close it first, then comment the command again."
