"""The pull request that destroys an environment: its title, its commit and its body."""

from collections.abc import Sequence

from bot.core.markdown import cell, code, details, facts, fence, table
from bot.core.requests.commit_trailers import Trailers, write
from bot.core.requests.destroy import EXPIRED_ON, MARKER, Removable, RemovalRequest
from bot.model.environment import Manifest
from bot.model.pipeline import Hook, Pipeline, Stack
from bot.names import EnvironmentName, StepName


def title(removed: Removable, asked: RemovalRequest) -> str:
    """Return the pull request's title."""
    if asked.closed is not None:
        return f"Destroy {removed.name}, which ends with #{asked.closed.number}"
    if asked.reason == "reset":
        return f"Reset {removed.name}: destroy and recreate it"
    return f"Destroy {removed.name}" + (", which has expired" if asked.reason == "expiry" else "")


def message(removed: Removable, asked: RemovalRequest, base: str) -> str:
    """Return the commit's message, on top of `base`. Its trailers say who asked where, for whoever reports how it goes."""
    said = Trailers(removed.name, asked.by, asked.comment, asked.url, base, is_reset=asked.reason == "reset")
    return f"{title(removed, asked)}\n\n{write(said)}"


def change_ended(name: EnvironmentName, end: str) -> str:
    """Return why a proposed change of a destroyed environment is closed; `end` names what removed it."""
    return f"{code(name)} was destroyed ({end}), so this pull request is closed: there is nothing left to change."


def body(
    removed: Removable,
    asked: RemovalRequest,
    pipeline: Pipeline,
    order: Sequence[StepName],
    *,
    rival: int | None = None,
) -> str:
    """Return the pull request's body. `order` is that in which the steps are taken back; `rival` an open change of it."""
    manifest, name = removed.manifest, removed.name
    expires = f"{manifest.expires_at:%Y-%m-%d %H:%M} UTC" if manifest.expires_at else "never"
    known = [
        ("Environment", f"{code(name)} in {code(removed.directory + '/')}"),
        ("Purpose", code(manifest.purpose)),
        ("Owner", f"@{manifest.owner}"),
        ("Expires", expires),
        ("Cloned from", code(str(manifest.source))),
    ]
    parts = [
        MARKER.format(name=name, by=asked.reason),
        (
            f"{_why(manifest, asked)} This pull request deletes the directory, and **merging it destroys all resources "
            f"of {code(name)}**.{again(name) if asked.reason == 'reset' else ''}\n\n{facts(known)}"
        ),
        "### Steps, in the order they are destroyed",
        _steps(pipeline, order),
        "### What to look at",
        _attention(removed, rival),
        _to_keep(manifest, asked),
        details("Removed from the repository", fence(f"{removed.directory}/", "text")),
    ]
    return "\n\n".join(parts) + "\n"


def _attention(removed: Removable, rival: int | None) -> str:
    change = f"- #{rival} changes {code(removed.name)}. Once {code(removed.name)} is destroyed, it is closed, or goes on without it if it changes others, too."
    return "\n".join(
        [
            *([change] if rival is not None else []),
            (
                "- The plan comment lists every resource that will be destroyed. Anything it does not list is not "
                "destroyed."
            ),
            "- Data is deleted too. The report at the end lists what is retained (final snapshots, deletion windows).",
            (
                f"- If a step fails, only the steps that depend on it stop. {code(f'/resume {removed.name}')} continues "
                "from there."
            ),
        ]
    )


def again(name: EnvironmentName) -> str:
    """Return what the text of a reset's pull request says beyond that of any other removal."""
    return (
        f" Once they are destroyed, the bot opens a pull request that brings back {code(name)} exactly as it is now, with its values, owner "
        "and expiry, and merges it when its check has passed: no second review is needed. **Data is not brought back**, except what hooks restore."
    )


def _why(manifest: Manifest, asked: RemovalRequest) -> str:
    if asked.url:
        return f"Requested by @{asked.by} [here]({asked.url})."
    because = asked.closed.sentence if asked.closed is not None else EXPIRED_ON.format(end=manifest.expires_at)
    return f"{because}. Its owner is @{manifest.owner}."


def _to_keep(manifest: Manifest, asked: RemovalRequest) -> str:
    if asked.closed is not None:
        return f"Closing this pull request keeps {code(manifest.name)} until it expires."
    longer = f" Comment {code(f'/extend {manifest.name} 7d')} to keep it longer." if manifest.expires_at else ""
    return f"Closing this pull request keeps {code(manifest.name)} as it is.{longer}"


def _steps(pipeline: Pipeline, order: Sequence[StepName]) -> str:
    rows = [(code(name), _kind(pipeline.steps[name]), _undo(pipeline.steps[name])) for name in order]
    return table(("Step", "Kind", "How"), rows)


def _kind(step: Stack | Hook) -> str:
    return step.kind if isinstance(step, Stack) else code(step.kind)


def _undo(step: Stack | Hook) -> str:
    if isinstance(step, Stack):
        return "destroyed by Terraform"
    return f"nothing to undo: {cell(step.undo.none)}" if step.undo else "its undo"
