"""What people read of a change: title, body and commit message of its pull request, and the answer in an open one."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot.core.hcl.address_patterns import key_of
from bot.core.markdown import cell, code, details, facts, table
from bot.core.messages import sync_text
from bot.core.messages.changed_values import before_and_after, changed, expiry, moments, more_values, values_table
from bot.core.messages.sync_text import ProposedSync
from bot.core.messages.versions import codified, rolled_back
from bot.core.messages.versions.evidence import Evidence, proved, reported
from bot.core.parity.output.markdown import MOST_ROWS, ORIGINS, sides
from bot.core.parity.report import Difference
from bot.core.plans.risk import risk_before_plan
from bot.core.plural import counted, joined
from bot.core.rendering.assemble import TemplateAt
from bot.core.rendering.parameter_values import Origin, origin
from bot.core.requests.change import followers
from bot.core.requests.codify.imports import IMPORTED
from bot.core.requests.commit_trailers import Trailers
from bot.model.environment import Manifest, Request
from bot.model.pipeline import Hook
from bot.model.risk import Risk
from bot.names import ParameterName, StepName

MARKER = "<!-- envclone:change:{name} -->"
RISKS: Mapping[Risk, str] = {
    Risk.NONE: "none: only the manifest changes",
    Risk.UNKNOWN: "unknown until it is planned; see the plan comment",
}
PLAN_COMMENT = "The plan comment, with everything that changes or would be replaced."
MOST_NAMED = 3
"""Parameters named in a title: with three it still fits on one line of GitHub's list."""


@dataclass(frozen=True, slots=True)
class ProposedChange:
    """A change with everything that its pull request describes.

    `source` is what the environment was cloned from, if it was. `files` are the rendered ones that change, and `differences`
    those of the environment as it would be from the environment as it is. `rival` is the open pull request that would
    destroy it.
    """

    before: Manifest
    after: Manifest
    source: Manifest | None
    template: TemplateAt
    files: Sequence[str]
    differences: Sequence[Difference]
    requests: Sequence[Request]
    rival: int | None = None
    rollout: str | None = None
    """The address of the issue of the rollout that it is a part of."""
    dispatched: Sequence[str] = ()
    """The pages of runs in other repositories that asked for it."""
    sync: ProposedSync | None = None
    evidence: Sequence[Evidence] = ()
    """How the environments did that it follows."""
    hooks: tuple[Mapping[StepName, Hook], Mapping[StepName, Hook]] | None = None
    """Of one that goes back to an earlier version: its hooks, before and after."""
    asks: Mapping[ParameterName, str] = field(default_factory=dict)
    """The values that it waits for, each with why."""
    codified: str | None = None
    """Of one whose code follows what was changed outside: what it still does not say, in Markdown, perhaps nothing."""

    @property
    def where(self) -> str:
        """The environment's directory."""
        return self.template.roots.environment(self.after.name)


def title(before: Manifest, after: Manifest, said: Trailers | None = None) -> str:
    """Return the title of a pull request, or of a commit that says this of itself, that changes one into the other."""
    if said is not None and said.as_in is not None and said.as_in.environment == after.name:
        return rolled_back.title(said.as_in)
    if said is not None and said.is_codified:
        return codified.title(after)
    if after.preview is not None and after.preview != before.preview:
        return f"Bring {after.name} to #{after.preview.pull_request} at {after.preview.commit[:12]}"
    names = changed(before, after)
    if before.revision != after.revision:
        return f"Sync {after.name} with template {after.template} at {after.revision[:12]}"
    if after.awaits is not None and before.awaits != after.awaits:
        return f"Sync {after.name}: values are missing"
    if not names:
        return _title_without_values(before, after)
    more = [f"{len(names) - MOST_NAMED} more"] if len(names) > MOST_NAMED else []
    longer = [f"extend it until {expiry(after)}"] if before.expires_at != after.expires_at else []
    return f"Change {after.name}: {', '.join([*names[:MOST_NAMED], *more, *longer])}"


def _title_without_values(before: Manifest, after: Manifest) -> str:
    if before.repaired_at != after.repaired_at:
        return f"Repair {after.name}"
    if before.data_reset_at != after.data_reset_at:
        return f"Reset the data of {after.name}"
    return f"Extend {after.name} until {expiry(after)}"


def in_place(before: Manifest, after: Manifest, link: str) -> str:
    """Answer a change of a clone whose pull request (`link`, in Markdown) is open."""
    return f"Changed `{after.name}` in {link}; its plan runs again.\n\n{values_table(before, after)}"


def body(proposed: ProposedChange) -> str:
    """Return the pull request's body in GitHub's Markdown."""
    name = proposed.after.name
    parts = [
        MARKER.format(name=name),
        _introduction(proposed),
        *(proved(each, name) for each in proposed.evidence),
        rolled_back.left(*proposed.hooks) if proposed.hooks else "",
        codified.left(proposed.codified) if proposed.codified else "",
        sync_text.asked(proposed.asks, proposed.after),
        *(sync_text.body(proposed.sync, proposed.after, proposed.where) if proposed.sync else ()),
        "### What changes",
        _values(proposed),
        "### What to look at",
        "\n".join(f"- {item}" for item in (*_attention(proposed), PLAN_COMMENT)),
        (
            "**Merging this pull request applies exactly the plan in the comment below.** If the plan has changed by then, "
            "nothing is applied."
        ),
        "### Changed files",
        _places(proposed),
        "### Commands that work here",
        _commands(proposed.after),
        *map(reported, proposed.evidence),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def what_changes(proposed: ProposedChange) -> str:
    """Return what changes in one environment, for a pull request that changes several."""
    attention = [f"- {item}" for item in _attention(proposed)]
    return "\n\n".join(filter(None, (_values(proposed), "\n".join(attention), _places(proposed))))


def _commands(manifest: Manifest) -> str:
    name = manifest.name
    extend = f" and {code(f'/extend {name} 7d')} change" if manifest.expires_at else " changes"
    lines = [
        f"{code(f'/set {name} key=value')}{extend} this pull request",
        f"{code(f'/plan {name}')} re-runs the plan",
        f"{code(f'/status {name}')} shows its status",
    ]
    return "\n".join(f"- {line}" for line in lines)


def _introduction(proposed: ProposedChange) -> str:
    manifest = proposed.after
    asked = "".join(
        f"Requested by @{request.by} [in #{request.issue}]({request.url}). " for request in proposed.requests
    )
    known = [
        ("Environment", f"{code(manifest.name)} in {code(proposed.where + '/')}"),
        (
            "Purpose",
            f"{code(manifest.purpose)}. {cell(proposed.template.declaration.purposes[manifest.purpose].description)}",
        ),
        ("Owner", f"@{manifest.owner}"),
        ("Expires", expiry(manifest)),
        ("Template", _template(proposed)),
        *((("Risk", RISKS[risk_before_plan(proposed.files)]),) if proposed.sync else ()),
    ]
    if manifest.preview is not None and manifest.preview != proposed.before.preview:
        asked += f"#{manifest.preview.pull_request} got new commits, and {code(manifest.name)} now tries it at {manifest.preview.commit}. "
    asked += "".join(f"Requested by [a run in another repository]({url}). " for url in proposed.dispatched)
    if proposed.rollout is not None:
        asked += f"Part of [this rollout]({proposed.rollout}). "
    return f"{asked}This pull request changes only what is listed here.\n\n{facts(known)}"


def _template(proposed: ProposedChange) -> str:
    now = proposed.after
    if proposed.sync is None:
        return f"{code(now.template)} at revision {code(now.revision[:12])} (unchanged)"
    return f"{code(now.template)}, from revision {code(proposed.before.revision[:12])} to {code(now.revision[:12])}"


def _values(proposed: ProposedChange) -> str:
    before, after = proposed.before, proposed.after
    if proposed.sync is not None and proposed.hooks is None:
        template, migrated = proposed.template.declaration, proposed.sync.migrations
        said = sync_text.values(before, after, template, proposed.source, migrated=migrated)
        longer = f"\n\nIt expires on {expiry(after)}." if before.expires_at != after.expires_at else ""
        return f"{said}{longer}"
    following = _following(proposed)
    rows = [
        (code(name), *before_and_after(before, after, name), _cause(proposed, name, following))
        for name in changed(before, after)[:MOST_ROWS]
    ]
    rows += moments(before, after)
    if not rows:
        return "No parameter changes."
    return f"{table(('Parameter', 'Before', 'After', 'Cause'), rows)}{more_values(before, after)}"


def _cause(proposed: ProposedChange, name: ParameterName, following: Collection[ParameterName]) -> str:
    template, before, source = proposed.template.declaration, proposed.before, proposed.source
    if name in following:
        return "derived from the others"
    was = origin(template, before, source, name) if source else None
    if proposed.hooks is not None:
        return "as it was"
    by = "proved in a clone" if proposed.evidence and proposed.sync is None else "set with `/set`"
    return by if was is None or was is Origin.OVERRIDE else f"{by}; it was {ORIGINS[was]}"


def _following(proposed: ProposedChange) -> set[ParameterName]:
    names = changed(proposed.before, proposed.after)
    template = proposed.template.declaration
    return {name for one in names for name in followers(template, proposed.after, [one]) if name in names}


def _places(proposed: ProposedChange) -> str:
    found, files = proposed.differences, proposed.files
    manifest = code(f"{proposed.where}/environment.yaml")
    if not files:
        return f"Only {manifest} changes; the rendered files stay the same."
    rows = [
        (code(key_of(each.address, each.attribute)), *sides(each.production, each.clone), _causes(proposed, each))
        for each in found[:MOST_ROWS]
    ]
    more = f"\n\n… and {len(found) - MOST_ROWS} more: see the files." if len(found) > MOST_ROWS else ""
    shown = table(("Place", "Before", "After", "Cause"), rows)
    touched = f"{joined([manifest, *map(code, files)], 21)} change."
    count = counted(len(found), "changed value")
    return f"{touched}\n\n{details(count, shown + more)}" if found else touched


def _causes(proposed: ProposedChange, each: Difference) -> str:
    if each.is_revision:
        return "the template"
    by_hand = "**unexplained**: edited by hand" if proposed.codified is None else "changed outside the code"
    return ", ".join(code(cause.parameter) for cause in each.causes) or by_hand


def _purpose_of_no_value(proposed: ProposedChange) -> Iterator[str]:
    """Yield what a change is for in which no value need change."""
    before, after = proposed.before, proposed.after
    if before.repaired_at != after.repaired_at:
        yield (
            "**Changes made outside the code are undone.** The plan shows them and nothing else. A hook runs again if its check finds something to "
            "do. A hook without a check doesn't, and neither does one that needs a step that changes: for that, comment "
            f"{code(f'/repair {after.name}')} again after the apply."
        )
    elif before.data_reset_at != after.data_reset_at:
        yield "**Data is deleted and recreated.** The plan names the hooks whose work is undone before they run again; nothing else changes."
    elif proposed.codified is not None:
        imports = [path for path in proposed.files if path.endswith(f"/{IMPORTED}")]
        yield from codified.imported(imports) if imports else codified.attention(after, before)
    elif not changed(before, after) and proposed.sync is None and not proposed.asks:
        yield "No resource changes: the plan is empty, and merging runs no steps."


def _attention(proposed: ProposedChange) -> Iterator[str]:
    before, after, template = proposed.before, proposed.after, proposed.template.declaration
    names, purpose = changed(before, after), template.purposes[after.purpose]
    if after.source is None:
        yield f"**This changes {code(after.name)}, which clones are made from.** Existing clones don't change."
    yield from _purpose_of_no_value(proposed)
    if broken := [name for name in names if f"parameter:{name}" in purpose.match]:
        yield f"**{after.purpose}** must match {code(str(after.source))} in {', '.join(map(code, broken))}."
    if outbound := [name for name in names if template.parameters[name].outbound]:
        yield f"**These reach systems outside the environment**: {', '.join(map(code, outbound))}."
    source = proposed.source
    if source and (same := [n for n in outbound if after.parameters[n] == source.parameters.get(n)]):
        yield f"**These would reach the same systems as {code(source.name)}**: {', '.join(map(code, same))}."
    if proposed.sync is not None:
        yield from sync_text.removed_steps(before, after)
    if proposed.rival is not None:
        yield f"**#{proposed.rival} would destroy {code(after.name)}**. Merge only one of the two and close the other."
