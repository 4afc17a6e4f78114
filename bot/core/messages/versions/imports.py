"""What the plan of a pull request says that imports what exists and is in no state."""

from collections.abc import Sequence
from typing import Final

from bot.core.markdown import code, fence
from bot.core.messages.plan_comment import Whole, marker
from bot.core.plans.written_imports import WrittenImports
from bot.core.requests.codify.imports import IMPORTED

TITLE: Final = "Code was written for what it imports"


def written(found: WrittenImports, whole: Whole) -> str:
    """Return the comment with the code that Terraform wrote, and what becomes of it."""
    name, path = found.environment, f"{found.step}/{IMPORTED}"
    added = "It is added to this pull request and planned then" if whole.run_url else "Add it and plan again"
    parts = [
        f"{marker(name)}\n## {code(name)}: {TITLE[0].lower()}{TITLE[1:]}",
        f"Commit {code(found.commit[:12])} imports what has no code yet, so Terraform wrote it for {code(path)}. {added}.",
        fence(found.code.rstrip(), "hcl"),
    ]
    if "ignore_changes" in found.code:
        parts.append(
            "What `ignore_changes` names stays as it is, since an import changes nothing. To have the provider set it, take it out there in a "
            "pull request of its own."
        )
    if found.secret:
        parts.append(_listed("**Give these a value**, since they are secret and not in the code", found.secret))
    if found.changed:
        parts.append(
            _listed(
                "**The import would still change these.** Edit the code until it matches what exists", found.changed
            )
        )
    return "\n\n".join(parts) + "\n"


def _listed(said: str, lines: Sequence[str]) -> str:
    return f"{said}:\n\n" + "\n".join(f"- {code(each)}" for each in lines)


def import_changes(where: str, addresses: Sequence[str]) -> str:
    """Return why a plan is refused that would change what it imports."""
    return (
        f"{where} imports what exists, and the plan would also change it: {', '.join(addresses)}. An import changes nothing. Edit the code until it says "
        "what is there, and push; the change itself follows in a pull request of its own."
    )
