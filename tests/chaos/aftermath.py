"""What is there at the end, in words that don't depend on numbers and times, so that two runs can be compared."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from bot.clients.git.claims import CLAIMS, claim_of
from bot.core.requests.branches import PREFIXES
from tests.chaos.lives import Life
from tests.support.serving import Serving
from tests.support.small_monorepo import REPOSITORY


def aftermath(service: Serving, lives: Sequence[Life]) -> "Counter[str]":
    """Return what is on GitHub after all lives, each thing with how often it is there."""
    found = Counter(_pull_requests(service))
    found.update(_refs(service))
    for life in lives:
        for comment, text in life.comments.items():
            replies = service.replies(comment)
            found.update(f"reply to {text}: {_plain(reply)}" for reply in replies)
            found.update(f"reaction to {text}: {reaction.content}" for reaction in service.server.reactions(comment))
    return found


def _pull_requests(service: Serving) -> Iterable[str]:
    for each in service.server.pulls(REPOSITORY):
        assert each.pull is not None
        state = "merged" if each.pull.merged_at else each.state
        yield f"pull request from {each.pull.head_ref}: {_plain(each.title)}, {state}"


def _refs(service: Serving) -> Iterable[str]:
    server = service.server
    bare = server.forge.bare(server.repository(REPOSITORY))
    for ref, _, _ in bare.references("refs/"):
        branch = ref.removeprefix("refs/heads/")
        claim = claim_of(ref)
        if claim is not None:
            yield f"claim of {claim.parameter}"
        elif ref.startswith(f"{CLAIMS}/") or any(branch.startswith(prefix) for prefix in PREFIXES.values()):
            yield f"ref {ref}"


def _plain(reply: str) -> str:
    """Return the first sentence of a text without markers, numbers, addresses and times."""
    line = re.sub(r"<!--.*?-->", "", reply).strip().partition("\n")[0]
    return re.sub(r"\(https?:[^)]*\)|\d[\d:.,/-]*", "…", line).partition(". ")[0]
