"""What people read of a sync: what the template changed, what became of the values, and what is in conflict."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot.core.markdown import cell, code, shortened, table
from bot.core.parity.output.markdown import MOST_ROWS, ORIGINS, sides
from bot.core.parity.report import Parity
from bot.core.plural import counted
from bot.core.rendering.migrations import FILE
from bot.core.rendering.parameter_types import text
from bot.core.rendering.parameter_values import Origin, origin
from bot.core.rendering.renamed_stacks import renamed
from bot.core.rendering.synced_values import answer, moved
from bot.core.requests.sync import SyncConflict
from bot.core.requests.template_history import TemplateStep
from bot.errors import Finding
from bot.model.environment import Manifest
from bot.model.template import Migration, Template
from bot.names import MigrationName, ParameterName


@dataclass(frozen=True, slots=True)
class SourceParity:
    """How an environment compares with its source before a change and after it."""

    before: Parity
    after: Parity


@dataclass(frozen=True, slots=True)
class ProposedSync:
    """What the pull request of a sync says beside its values: `parity` is that with the source, where it is known.

    `edits` are the hand edits that stay.
    """

    step: TemplateStep
    conflicts: Sequence[SyncConflict]
    edits: Sequence[Finding] = ()
    parity: SourceParity | None = None
    migrations: Mapping[MigrationName, Migration] = field(default_factory=dict)
    undone: Mapping[MigrationName, Migration] = field(default_factory=dict)
    """Those that only the former revision has, of an environment that goes back."""


MOST_COMMITS = 30
"""Commits of a template that are listed; who is further behind reads the history."""

MOST_EDITS = 20
"""Hand edits that are listed; `envclone verify` names all."""

LONGEST_LINE = 200
"""Characters that are shown of a commit's subject, or of what is said of a hand edit."""


def body(sync: ProposedSync, after: Manifest, where: str) -> Iterator[str]:
    """Yield the parts of a pull request's body that a change of values has not; `where` is the environment's directory."""
    if sync.conflicts:
        yield f"### Conflicts\n\n{conflicts(where, sync.conflicts)}\n\nUntil then the check fails, and nothing can be merged."
    if sync.edits:
        yield f"### Kept as edited by hand\n\n{_edits(sync.edits)}"
    yield f"### What the template changed\n\n{template_changes(sync.step)}"
    yield migrations(sync.migrations)
    yield _not_taken_back(sync.undone)
    yield f"### Compared with its source\n\n{_deviations(sync.parity)}" if after.source else ""


def _edits(found: Sequence[Finding]) -> str:
    listed = [
        f"- {code(f'{each.path}:{each.line}')}: {cell(shortened(each.message, LONGEST_LINE))}"
        for each in found[:MOST_EDITS]
    ]
    more = [f"- … and {len(found) - MOST_EDITS} more"] if len(found) > MOST_EDITS else []
    lines = "\n".join([*listed, *more])
    return f"These places differ from what the template renders, so somebody has to approve this pull request before it is planned:\n\n{lines}"


def _deviations(parity: SourceParity | None) -> str:
    if parity is None:
        return "Not compared: the conflicts have to be resolved first."
    before, after = parity.before, parity.after
    rows = (
        ("Differences besides name, account and address", str(len(before.telling)), str(len(after.telling))),
        ("… due to another revision", *(str(sum(d.is_revision for d in each.telling)) for each in (before, after))),
        ("… unexplained", str(len(before.unexplained)), str(len(after.unexplained))),
        ("Broken contracts", str(len(before.breaches)), str(len(after.breaches))),
    )
    return table((f"Against {code(after.against)}", "Before", "After"), rows)


def asked(asks: Mapping[ParameterName, str], after: Manifest) -> str:
    """Return which values an environment waits for, each with why, and what gives them; nothing when it waits for none."""
    if not asks or after.awaits is None:
        return ""
    listed = "\n".join(f"- {cell(shortened(why, LONGEST_LINE))}" for why in asks.values())
    return (
        f"### Values that are missing\n\nTemplate {code(after.template)} at revision {code(after.awaits.revision[:12])} needs values that you have to "
        f"provide:\n\n{listed}\n\nComment {code(answer(after))} here, and this pull request brings {code(after.name)} to that revision. Until then it "
        "stays as it is, the check fails, and nothing can be merged."
    )


def waits(after: Manifest) -> str:
    """Return what gives an environment the values that it waits for; nothing when it waits for none."""
    return f"**It waits for values:** comment {code(answer(after))}." if after.awaits is not None else ""


def revisions(before: Manifest, after: Manifest) -> str:
    """Return from which revision to which."""
    return f"template {code(after.template)} from revision {code(before.revision[:12])} to {code(after.revision[:12])}"


def template_changes(step: TemplateStep) -> str:
    """Return the commits between the two revisions. GitHub makes links of their ids."""
    if step.commits is None:
        return "The history of this branch doesn't hold both revisions, so the commits between them can't be listed."
    listed = [
        f"- {each.commit[:12] or 'not committed yet:'} {cell(shortened(each.subject, LONGEST_LINE))}".rstrip()
        for each in step.commits
    ]
    more = len(listed) - MOST_COMMITS
    found = "\n".join(listed[:MOST_COMMITS] + ([f"- … and {more} more"] if more > 0 else []))
    count = counted(len(listed), "commit")
    said = f"This reverts {count} of the template:" if step.is_back else f"{count} of the template:"
    return f"{said}\n\n{found}"


def values(
    before: Manifest,
    after: Manifest,
    template: Template,
    source: Manifest | None,
    *,
    migrated: Mapping[MigrationName, Migration],
) -> str:
    """Return what became of the parameters; `template` is the later one."""
    rewritten = {name for each in migrated.values() for name in each.values}

    def cause(name: ParameterName) -> str:
        if name in rewritten:
            return "migrated"
        return "set with `/set`" if name in after.overrides or after.source is None else "follows from the template"

    found = moved(before, after, template)
    former = {new: old for old, new in found.renamed.items()}
    rows = [
        *(
            (code(name), "", _value(after, name), f"new: {ORIGINS[_origin(after, template, source or before, name)]}")
            for name in found.added
        ),
        *(
            (code(name), *sides(_text(before, former.get(name, name)), _text(after, name), code("")), cause(name))
            for name in found.changed
        ),
        *((code(old), _value(before, old), "", f"now called {code(new)}") for old, new in found.renamed.items()),
        *((code(name), _value(before, name), "", "no longer in the template") for name in found.gone),
    ]
    more = (
        f"\n\n… and {counted(len(rows) - MOST_ROWS, 'more value')}: see the manifest." if len(rows) > MOST_ROWS else ""
    )
    return (
        f"{table(('Parameter', 'Before', 'After', 'Cause'), rows[:MOST_ROWS])}{more}"
        if rows
        else "Every value is kept."
    )


def migrations(found: Mapping[MigrationName, Migration]) -> str:
    """Return the migrations that are applied; nothing when there are none."""
    listed = "\n".join(
        f"- {code(name)}{_where(each)}: {cell(shortened(each.description, LONGEST_LINE))}"
        for name, each in found.items()
    )
    return f"The template's migrations, each applied once, in this order:\n\n{listed}" if listed else ""


def _not_taken_back(found: Mapping[MigrationName, Migration]) -> str:
    """Warn of migrations that have changed the state, and that the earlier code knows nothing of."""
    names = [code(name) for name, each in found.items() if each.blocks]
    return (
        f"**The earlier version has no migration {', '.join(names)}**, and a migration is not taken back. What one moved or imported is not in the earlier "
        "code under its present name: the plan may destroy it, and create it again."
        if names
        else ""
    )


def _where(migration: Migration) -> str:
    """Say into which stacks' code a migration goes."""
    return f" in {', '.join(code(f'{stack}/{FILE}') for stack in migration.blocks)}" if migration.blocks else ""


def removed_steps(before: Manifest, after: Manifest) -> Iterator[str]:
    """Yield what to know of stacks that the template has no more, or under another name: only the end of the environment destroys them."""
    names = renamed(before.stacks, after.stacks)
    for old, stack in names.items():
        yield f"**The stack {code(old)} is now called {code(stack)}.** The apply moves its state there; nothing is recreated."
    for stack in sorted(before.stacks.keys() - after.stacks.keys() - names.keys()):
        yield (
            f"**The template no longer has the stack {code(stack)}.** Its resources stay until the environment is destroyed; to remove them "
            "now, first sync to a revision in which the stack is empty."
        )


def conflicts(where: str, found: Sequence[SyncConflict]) -> str:
    """Return the files in which both versions stand, with what to do; `where` is the environment's directory."""
    listed = "\n".join(
        f"- {code(f'{where}/{place}')}: {said}"
        for each in found
        for place, _, said in (line.rpartition(": ") for line in str(each).splitlines())
    )
    return f"**Edited by hand where the template changed it.** Keep one of the versions and remove the markers:\n\n{listed}"


def _origin(after: Manifest, template: Template, source: Manifest, name: ParameterName) -> Origin:
    found = origin(template, after, source, name)
    # A source has no list of overrides: what is neither declared nor copied was given.
    is_given = found is Origin.DEFAULT and after.parameters[name] != template.parameters[name].default
    return Origin.OVERRIDE if is_given else found


def _value(manifest: Manifest, name: ParameterName) -> str:
    return sides(_text(manifest, name), "", code(""))[0]


def _text(manifest: Manifest, name: ParameterName) -> str:
    return text(manifest.parameters[name])
