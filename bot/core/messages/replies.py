"""The replies to commands, in GitHub's Markdown. Every reply to one comment carries that comment's marker."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from bot.commands.grammar import Mistake, format_command
from bot.core.markdown import cell, code, details, facts, fence, table
from bot.core.parity.output import markdown
from bot.core.parity.report import Parity
from bot.core.plural import counted
from bot.core.rendering.inventory import Inventory
from bot.core.rendering.parameter_types import text
from bot.core.requests.branches import Branch, Stranger
from bot.core.requests.clone import Draft
from bot.core.requests.refusal import Refused
from bot.core.requests.status import NOTHING_KNOWN, StatusFacts
from bot.errors import Finding
from bot.model.environment import Manifest
from bot.model.pipeline import Pipeline
from bot.model.policy import Role
from bot.names import EnvironmentName

MOST_NAMED = 5
"""People who are named in one sentence."""


@dataclass(frozen=True, slots=True)
class ProposedEnvironment:
    """An open pull request that would change an environment, or end it."""

    branch: Branch
    number: int


def marker(comment: int) -> str:
    """Return the hidden line by which the reply to a comment is found again."""
    return f"<!-- envclone:request:{comment} -->"


def mistake(found: Mistake) -> str:
    """Explain a mistyped command."""
    return _with_instead(found.message, found.instead)


def refused(refusal: Refused) -> str:
    """Say why a command was refused, and what to type instead."""
    return _with_instead(refusal.reason, format_command(refusal.instead) if refusal.instead else None)


def forbidden(verb: str, held: Role | None, needed: Role, able: Sequence[str] = ()) -> str:
    """Say that the author lacks the permission, and who can help: named, but not mentioned, for nobody asked them yet."""
    has = f"yours is `{held}`" if held else "you have none"
    named = [code(login) for login in able[:MOST_NAMED]]
    if len(able) > MOST_NAMED:
        named.append(counted(len(able) - MOST_NAMED, "other"))
    whom = (
        f"{', '.join(named[:-1])} or {named[-1]}"
        if len(named) > 1
        else "".join(named) or "someone with that permission"
    )
    return (
        f"`/{verb}` requires the `{needed}` permission on this repository, and {has}. Ask {whom} to post the command."
    )


def in_code(line: str) -> str:
    """Say why a command that was set as code was not carried out."""
    return f"A command that is formatted as code is treated as an example, so nothing was done. To run it, post it as plain text: {code(line)}."


def edited(line: str) -> str:
    """Say why an edited comment was ignored."""
    return _with_instead(
        "That comment was edited before it was processed, so it was ignored. To run it, post it again:", line
    )


def several(count: int) -> str:
    """Say that a comment holds one command."""
    return f"That comment contains {count} commands. Post one command per comment, so that each gets its own reply."


def waiting(until: datetime, *, is_limit: bool) -> str:
    """Say that nothing is lost, and when the next try is."""
    cause = "GitHub asks envclone to slow down" if is_limit else "GitHub is not responding as it should"
    return f"⏳ Not done yet: {cause}. The next attempt is at {until:%H:%M} UTC on {until:%-d %B}; you don't need to do anything."


def failed(reference: str) -> str:
    """Report an unexpected failure; the operator finds it in the log by the reference."""
    return (
        f"Something went wrong on my side, so I stopped. Nothing is left half-done. Log reference: {code(reference)}."
    )


def listing(
    inventory: Inventory,
    now: datetime,
    proposed: Sequence[ProposedEnvironment] | None = (),
    behind: Mapping[EnvironmentName, int | None] = MappingProxyType({}),
) -> str:
    """List all environments, those that expire first on top, with what is proposed to them (None: unknown).

    That one is merged is all that git says. Whether it is applied, too, is asked of GitHub for one environment (`/status`), not for each.
    `behind` says by how many revisions each is behind its template; None when that isn't known.
    """
    rows = [
        (code(m.name), m.purpose, m.owner, _expiry(m, now), _where(m.name, inventory, proposed, behind.get(m.name, 0)))
        for m in by_expiry(inventory.manifests(), now)
    ]
    if not rows:
        return "There are no environments."
    return table(("Environment", "Purpose", "Owner", "Expires", "State"), rows)


def by_expiry(manifests: Iterable[Manifest], now: datetime) -> Sequence[Manifest]:
    """Return environments in the order of a list: those that expire first, first."""
    far = datetime.max.replace(tzinfo=now.tzinfo)
    return sorted(manifests, key=lambda m: (m.expires_at or far, m.name))


def left_out(findings: Sequence[Finding]) -> str:
    """Say which environments are in no list, and why."""
    return f"**Not listed, because they can't be read:**\n\n{unreadable(findings)}"


def strangers(found: Sequence[Stranger]) -> str:
    """Warn of branches that are named like mine and are not: nobody should take them for proposals."""
    lines = [f"- {code(each.branch)}: {_whose(each)}" for each in found]
    return "\n".join(["**Not counted, because I didn't propose them** (delete or rename these branches):", "", *lines])


def squatted(name: EnvironmentName, stranger: Stranger) -> str:
    """Say why a clone can't be proposed from its own branch."""
    return (
        f"{code(stranger.branch)} is the branch from which I would propose `{name}`, but {_whose(stranger)}. Close that "
        "pull request and delete its branch, or choose another name."
    )


def moved_aside(moved: Mapping[str, str]) -> str:
    """Warn that somebody else's branches stood where mine has to be."""
    lines = [f"- {code(old)} {f'is now {code(new)}' if new else 'was deleted'}" for old, new in moved.items()]
    return "\n".join(
        ["I didn't make these branches, and they were in the way of mine, so I moved them aside:", "", *lines]
    )


def _whose(stranger: Stranger) -> str:
    if stranger.pull is None:
        return "no open pull request of mine belongs to it"
    return f"{code(stranger.author)} opened #{stranger.pull} from it"


@dataclass(frozen=True, slots=True)
class Standing:
    """How an environment stands: what is proposed to it, whether it still equals its source, and how many revisions it is behind
    (None: its revision is not in the history).
    """

    stage: str
    directory: str
    behind: int | None
    proposed: Sequence[ProposedEnvironment] = ()
    parity: str = ""
    progress: StatusFacts = NOTHING_KNOWN
    waits: str = ""
    """What gives it the values that its sync waits for."""
    held: str = ""
    """Which wave of a rollout applies a change of a module to it."""


def status(manifest: Manifest, standing: Standing, now: datetime) -> str:
    """Describe one environment."""
    known = [
        ("Stage", standing.stage),
        *_links(standing.progress),
        *([("Proposed", ", ".join(map(_proposed, standing.proposed)))] if standing.proposed else []),
        *([("Waits for", f"values: comment {code(standing.waits)}")] if standing.waits else []),
        *([("Waits for", standing.held)] if standing.held else []),
        ("Purpose", manifest.purpose),
        ("Owner", manifest.owner),
        ("Expires", _expiry(manifest, now)),
        *([("Ends with", f"#{manifest.ends_with}")] if manifest.ends_with else []),
        *([("Tries", f"#{manifest.preview.pull_request} at {manifest.preview.commit}")] if manifest.preview else []),
        ("Cloned from", manifest.source or "nothing (not a clone)"),
        ("Template", _template(manifest, standing.behind)),
        *((("Parity", standing.parity),) if standing.parity else ()),
        ("Requested", f"[in #{manifest.request.issue}]({manifest.request.url})" if manifest.request else "by hand"),
        ("Directory", code(standing.directory + "/")),
    ]
    return f"### {code(manifest.name)}\n\n{facts(known)}\n\n{_parameters(manifest)}"


def _links(progress: StatusFacts) -> Iterator[tuple[str, str]]:
    """Yield where more is seen: the pull request, the environment itself, and the last run on it."""
    if progress.pull_number:
        yield "Pull request", f"[#{progress.pull_number}]({progress.pull_url})"
    if progress.environment_url:
        yield "Address", f"<{progress.environment_url}>"
    if progress.log_url:
        yield "Last run", f"[its log]({progress.log_url})"


def _template(manifest: Manifest, behind: int | None) -> str:
    at = f"{code(manifest.template)} at revision {code(manifest.revision[:12])}"
    if manifest.preview is not None:
        return f"{at}, that of the pull request"
    if behind is None:
        return f"{at}, which is not in the template's history"
    said = f"{counted(behind, 'revision')} behind: comment {code(f'/sync {manifest.name}')} to bring it up to date"
    return f"{at}, {said}" if behind else f"{at}, the newest"


NO_SUBJECT = "This thread belongs to no environment. Write `/status <name>`, or `/list` to see all environments."


def unreadable(findings: Sequence[Finding]) -> str:
    """List what can't be read, and why."""
    return "\n".join(f"- {code(f'{finding.path}:{finding.line}')}: {cell(finding.message)}" for finding in findings)


def preview(draft: Draft, parity: Parity, pipeline: Pipeline, outside: Iterable[str] = ()) -> str:
    """Answer a dry run: the file tree, the deviations and the hooks of a clone that is not made, and what it reaches `outside` as its source does."""
    name = draft.manifest.name
    hooks = "\n".join(
        f"- {code(step)} ({hook.kind}): {cell(hook.description)}" for step, hook in pipeline.hooks.items()
    )
    return "\n\n".join(
        [
            f"### Dry run of {code(name)}: nothing was created",
            details(counted(len(draft.files), "file"), fence(_file_tree(draft.directory, draft.files), "text")),
            f"**Deviations from {code(parity.against)}**\n\n{markdown.verdict(parity)}\n\n{markdown.tables(parity)}",
            *outside,
            _parameters(draft.manifest),
            f"**Hooks**\n\n{hooks}" if hooks else "**Hooks:** none",
        ]
    )


def _parameters(manifest: Manifest) -> str:
    rows = [(code(name), code(text(value))) for name, value in manifest.parameters.items()]
    return details("Parameters", table(("Parameter", "Value"), rows))


def _file_tree(top: str, files: Mapping[str, object]) -> str:
    return "\n".join([f"{top}/", *_branches(sorted(files), "")])


def _branches(paths: Sequence[str], indent: str) -> Iterable[str]:
    names = sorted({path.split("/")[0] for path in paths})
    for position, name in enumerate(names):
        last = position == len(names) - 1
        below = [path.partition("/")[2] for path in paths if path.startswith(f"{name}/")]
        yield f"{indent}{'└── ' if last else '├── '}{name}{'/' if below else ''}"
        yield from _branches(below, indent + ("    " if last else "│   "))


def _expiry(manifest: Manifest, now: datetime) -> str:
    if manifest.expires_at is None:
        return "never"
    left = manifest.expires_at - now
    days = (
        "expired"
        if left.total_seconds() <= 0
        else f"in {counted(left.days, 'day')}"
        if left.days
        else f"in {counted(left.seconds // 3600, 'hour')}"
        if left.seconds >= 3600
        else "in less than an hour"
    )
    return f"{manifest.expires_at:%Y-%m-%d} ({days})"


def _where(
    name: EnvironmentName, inventory: Inventory, proposed: Sequence[ProposedEnvironment] | None, behind: int | None
) -> str:
    said = (
        ["at a revision not found in its template's history"] if behind is None else [_behind(behind)] if behind else []
    )
    if proposed is None:
        return ", ".join(said)
    ours = [_proposed(each) for each in proposed if each.branch.environment == name]
    return ", ".join(["merged" if name in inventory.live else "proposed", *said, *ours])


def _behind(revisions: int) -> str:
    return f"{counted(revisions, 'revision')} behind its template"


def _proposed(proposed: ProposedEnvironment) -> str:
    return f"{'its removal' if proposed.branch.kind == 'destroy' else 'a change'} in #{proposed.number}"


def _with_instead(message: str, instead: str | None) -> str:
    return f"{message}\n\n{fence(instead, 'text')}" if instead else message
