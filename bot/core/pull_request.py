"""The pull request that adds a clone: what a reviewer needs to decide, in the order in which they need it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.core.assemble import TemplateAt
from bot.core.deviations import Deviation
from bot.core.markdown import cell, code, details, fence
from bot.core.resolve import Origin, origin
from bot.core.values import typed
from bot.environment import Manifest, directory
from bot.names import ParameterName
from bot.pipeline import Hook, Pipeline

MARKER = "<!-- envclone:pull-request:{name} -->"
MOST_ROWS = 60
"""Rows of a table that are shown; GitHub cuts a body at 65,536 characters, and nobody reads more."""

CAUSES = {
    Origin.OVERRIDE: "asked for with `--set`",
    Origin.PURPOSE: "set by the purpose",
    Origin.DERIVED: "who it is (derived)",
    Origin.ALLOCATED: "who it is (allocated)",
    Origin.SOURCE: "as in the source",
    Origin.DEFAULT: "the template's default",
}


@dataclass(frozen=True, slots=True)
class Proposed:
    """A clone with all that its pull request speaks of."""

    manifest: Manifest
    source: Manifest
    template: TemplateAt
    pipeline: Pipeline
    deviations: Sequence[Deviation]
    files: int
    diagram: str


def title(manifest: Manifest) -> str:
    """Return the pull request's title."""
    return f"Clone {manifest.source} as {manifest.name} for {manifest.purpose}"


def body(proposed: Proposed) -> str:
    """Return the pull request's body in GitHub's Markdown."""
    manifest = proposed.manifest
    parts = [
        MARKER.format(name=manifest.name),
        _introduction(proposed),
        "### Differences from " + code(str(manifest.source)),
        _verdict(proposed),
        _deviation_table(proposed),
        details("All parameters", _parameter_table(proposed)),
        "### Steps, in order",
        fence(proposed.diagram, "mermaid"),
        details("What each step does", _step_table(proposed.pipeline)),
        "### What to look at",
        "\n".join(f"- {item}" for item in _attention(proposed)),
        "### Commands that work here",
        _commands(manifest),
        "Merging this deploys it, steps and all: what is applied is what the plan in the comment below shows, or nothing.",
    ]
    return "\n\n".join(parts) + "\n"


def _commands(manifest: Manifest) -> str:
    name = manifest.name
    rows = [
        (f"/set {name} key=value", "gives a parameter another value, in this pull request"),
        (f"/extend {name} 7d", "lets it live longer"),
        (f"/plan {name}", "plans it again"),
        (f"/status {name}", "shows its stage"),
        ("/help", "shows the rest"),
    ]
    return "\n".join(f"- {code(command)} {what}" for command, what in rows)


def _introduction(proposed: Proposed) -> str:
    manifest, request = proposed.manifest, proposed.manifest.request
    asked = f"@{request.by} asked for this [in #{request.issue}]({request.url}). " if request else ""
    expires = f"{manifest.expires_at:%Y-%m-%d %H:%M} UTC" if manifest.expires_at else "never"
    purpose = proposed.template.declaration.purposes[manifest.purpose]
    facts = [
        ("Environment", f"{code(manifest.name)} in {code(directory(manifest.name) + '/')} ({proposed.files} files)"),
        ("Purpose", f"**{manifest.purpose}**: {cell(purpose.description)}"),
        ("Owner", f"@{manifest.owner}"),
        ("Expires", expires),
        ("Template", f"{code(manifest.template)} at revision {code(manifest.revision[:12])}"),
    ]
    rows = "\n".join(f"| **{name}** | {value} |" for name, value in facts)
    return f"{asked}It adds the whole of {code(str(manifest.source))} once more, rendered from the template it comes from.\n\n| | |\n| --- | --- |\n{rows}"


def _verdict(proposed: Proposed) -> str:
    unexplained = [deviation for deviation in proposed.deviations if not deviation.is_explained]
    count = len(proposed.deviations)
    if unexplained:
        return (
            f"**{len(unexplained)} of {count} differences are unexplained**: no parameter causes them. The source was rendered from "
            "another revision of the template, or one of the two was edited by hand."
        )
    return (
        f"{count} places differ, and a parameter causes every one of them. Everything else is the same, byte for byte."
    )


def _deviation_table(proposed: Proposed) -> str:
    ordered = sorted(proposed.deviations, key=lambda d: (d.is_explained, _is_identity(proposed, d), d.path, d.place))
    telling = [deviation for deviation in ordered if not _is_identity(proposed, deviation)]
    identity = [deviation for deviation in ordered if _is_identity(proposed, deviation)]
    shown = _rows(proposed, telling) if telling else "Apart from its identity, nothing differs."
    return f"{shown}\n\n{details(f'Identity: {len(identity)} places that must differ', _rows(proposed, identity))}"


def _rows(proposed: Proposed, found: Sequence[Deviation]) -> str:
    head = f"| Place | {proposed.source.name} | {proposed.manifest.name} | Cause |\n| --- | --- | --- | --- |"
    rows = [
        f"| {code(d.path)} {cell(d.place)} | {code(d.theirs)} | {code(d.ours)} | {_cause(proposed, d)} |"
        for d in found[:MOST_ROWS]
    ]
    more = [f"\n… and {len(found) - MOST_ROWS} more: see the files."] if len(found) > MOST_ROWS else []
    return "\n".join([head, *rows, *more])


def _cause(proposed: Proposed, deviation: Deviation) -> str:
    if not deviation.causes:
        return "**unexplained**"
    return ", ".join(f"{code(name)}: {_why(proposed, name)}" for name in deviation.causes)


def _why(proposed: Proposed, name: ParameterName) -> str:
    return CAUSES[origin(proposed.template.declaration, proposed.manifest, proposed.source, name)]


def _is_identity(proposed: Proposed, deviation: Deviation) -> bool:
    declared = proposed.template.declaration.parameters
    return bool(deviation.causes) and all(declared[name].identity for name in deviation.causes)


def _parameter_table(proposed: Proposed) -> str:
    declared = proposed.template.declaration.parameters
    rows = ["| Parameter | Value | " + str(proposed.source.name) + " | Origin |", "| --- | --- | --- | --- |"]
    for name, value in proposed.manifest.parameters.items():
        theirs = proposed.source.parameters.get(name)
        other = (
            "the same" if theirs == value else (code(typed(declared[name], theirs)) if theirs is not None else "absent")
        )
        rows.append(f"| {code(name)} | {code(typed(declared[name], value))} | {other} | {_why(proposed, name)} |")
    return "\n".join(rows)


def _step_table(pipeline: Pipeline) -> str:
    rows = ["| Step | Kind | After | What it does | To undo it |", "| --- | --- | --- | --- | --- |"]
    for name, step in pipeline.steps.items():
        kind = (step.uses or "run") if isinstance(step, Hook) else "stack"
        undo = "none: " + cell(step.undo.none) if isinstance(step, Hook) and step.undo else "yes"
        needs = ", ".join(code(need) for need in step.needs) or "–"  # noqa: RUF001
        rows.append(f"| {code(name)} | {code(kind)} | {needs} | {cell(step.description)} | {undo} |")
    return "\n".join(rows)


def _attention(proposed: Proposed) -> Iterator[str]:
    manifest, template = proposed.manifest, proposed.template.declaration
    purpose = template.purposes[manifest.purpose]
    if purpose.match:
        yield f"**{manifest.purpose}** promises to match {code(str(manifest.source))} in: {', '.join(map(code, purpose.match))}."
    if purpose.differ:
        yield f"**{manifest.purpose}** promises to differ in: {', '.join(map(code, purpose.differ))}."
    if manifest.overrides:
        yield f"Set by hand, against the purpose's own choice: {', '.join(code(name) for name in manifest.overrides)}."
    same = [
        n
        for n, p in template.parameters.items()
        if p.outbound and manifest.parameters[n] == proposed.source.parameters.get(n)
    ]
    if same:
        yield f"**These still reach the outside as {manifest.source} does**: {', '.join(code(name) for name in same)}."
    programs = [name for name, hook in proposed.pipeline.hooks.items() if hook.run]
    if programs:
        yield f"Steps that run the repository's own programs: {', '.join(code(name) for name in programs)}."
    keep = [name for name, hook in proposed.pipeline.hooks.items() if hook.undo]
    if keep:
        yield f"Steps that need no undo, for the reason given with each: {', '.join(code(name) for name in keep)}."
    yield "The plan, in the comment that the check writes: it names what is created and in which account."
