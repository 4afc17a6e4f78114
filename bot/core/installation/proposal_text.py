"""The pull request that brings envclone into a monorepo: what it is, and what a person has to do before it works."""

from collections.abc import Mapping, Sequence

from bot.core.markdown import code, details

_HEAD = (
    "What envclone needs in this repository. Merging it deploys nothing: until the steps below are done, its workflows have access "
    "to no account."
)
_FOOT = (
    "`envclone init --pull-request`, run again on this branch, updates this pull request; after the merge it proposes a newer "
    "version. Your edits are kept."
)


def proposal_text(done: Mapping[str, str], left: Sequence[str], before: str = "") -> str:
    """Return its text: `done` is what became of each file, `left` what is to be done; what was ticked in the text `before` stays ticked."""
    ticked = {line.strip().casefold() for line in before.splitlines()}
    steps = "\n".join(f"- [{'x' if f'- [x] {step}'.casefold() in ticked else ' '}] {step}" for step in left)
    files = details("Files", "\n".join(f"- {code(path)}" for path in sorted(done)))
    return f"{_HEAD}\n\n### Before it works\n\n{steps}\n\n{files}\n\n{_FOOT}\n"
