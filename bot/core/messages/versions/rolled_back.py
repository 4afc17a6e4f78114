"""What a pull request says of an environment that goes back to an earlier version: how that did, and what stays as it is."""

from collections.abc import Iterator, Mapping

from bot.core.markdown import code
from bot.core.requests.commit_trailers import AsIn
from bot.model.environment import Manifest
from bot.model.pipeline import Hook
from bot.names import StepName


def is_back(as_in: AsIn | None, manifest: Manifest) -> bool:
    """Say whether a commit that follows this brings an environment back to what it was itself."""
    return as_in is not None and as_in.environment == manifest.name


def title(as_in: AsIn) -> str:
    """Return the title of a pull request, or of a commit, that goes back."""
    return f"Roll back {as_in.environment} to {as_in.commit[:12]}"


def left(before: Mapping[StepName, Hook], after: Mapping[StepName, Hook]) -> str:
    """Return the section on what is not rolled back, given the hooks before and after."""
    listed = "\n".join(f"- {each}" for each in _left(before, after))
    return f"### What is not rolled back\n\n{listed}"


def _left(before: Mapping[StepName, Hook], after: Mapping[StepName, Hook]) -> Iterator[str]:
    yield "**Data.** What has been written since then stays: rows, objects, messages, and changes of a schema."
    for name, hook in before.items():
        if name not in after:
            yield (
                f"**The hook {code(name)}** ({code(hook.kind)}) is not in the earlier version. What it did stays, and is undone when the "
                "environment is destroyed."
            )
        elif after[name] != hook:
            yield f"**The hook {code(name)}** ({code(hook.kind)}) runs again as it was declared then. What it has done since is not undone."
    yield "The owner, the expiry, and modules beside the environments stay as they are now."
