"""What a pull request says of an environment whose code follows what was changed outside."""

from collections.abc import Iterator, Sequence

from bot.core.markdown import code
from bot.core.messages.versions.hook_stubs import hook_stubs
from bot.core.plural import counted
from bot.model.environment import Manifest


def title(manifest: Manifest) -> str:
    """Return the title of a pull request, or of a commit, that makes code of what was changed outside."""
    return f"Codify {manifest.name}: keep what was changed outside the code"


def left(notes: str) -> str:
    """Return the section on what is still not part of the code."""
    said = f"### What is not part of the code\n\n{notes}\n\nMerging puts this back to what is in the code."
    return "\n\n".join(filter(None, (said, hook_stubs(notes))))


def attention(after: Manifest, before: Manifest) -> Iterator[str]:
    """Yield what a reviewer should look at."""
    yield (
        "**The plan should do nothing** except put back what is still not part of the code: apart from that, the code matches what is there. If it "
        f"does more, something has changed since: close this pull request and comment {code(f'/plan {after.name}')} to check again."
    )
    if waived := [each for each in after.waivers if each not in before.waivers]:
        yield (
            f"**{counted(len(waived), 'new difference')} from {code(str(after.source))}** {'is' if len(waived) == 1 else 'are'} "
            "waived in the manifest until the clone expires."
        )
    yield "Edited lines outside the manifest are hand edits. `envclone verify` names them, and somebody has to approve them."


def imported(files: Sequence[str]) -> Iterator[str]:
    """Yield what a reviewer of imports should look at."""
    yield (
        f"**It imports what exists but is in no state**, by {', '.join(map(code, files))}. Terraform writes the code for it when this is planned, which is "
        "then added here. Each new commit has to be approved before it is planned, since no template renders it."
    )
    yield "**The plan should import, and change nothing.** One that would change what it imports is refused."
    yield (
        "`envclone verify` names the file as a hand edit. Clones that must match this environment differ from it until the template has this, too: "
        "move it there next."
    )
