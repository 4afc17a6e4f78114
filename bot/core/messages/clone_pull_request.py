"""The pull request that adds a clone: what a reviewer needs to decide, in the order in which they need it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.core.markdown import NO_VALUE, cell, code, details, facts, fence, shortened, table
from bot.core.parity.by_code.external_references import ExternalReference, outbound_alike
from bot.core.parity.leaks import Leak
from bot.core.parity.output import markdown
from bot.core.parity.output.markdown_by_cause import by_cause
from bot.core.parity.report import Parity
from bot.core.plural import counted
from bot.core.rendering.assemble import TemplateAt
from bot.core.rendering.parameter_types import typed
from bot.core.rendering.parameter_values import origin
from bot.core.requests.accounts import NamedAccount
from bot.core.requests.commit_trailers import AsIn
from bot.model.environment import Manifest
from bot.model.pipeline import Hook, Pipeline
from bot.names import ParameterName

MARKER = "<!-- envclone:pull-request:{name} -->"
MOST_LEAKS = 50
LONGEST_LEAK = 300


@dataclass(frozen=True, slots=True)
class ProposedClone:
    """A clone with everything that its pull request describes."""

    manifest: Manifest
    source: Manifest
    template: TemplateAt
    pipeline: Pipeline
    parity: Parity
    leaks: Sequence[Leak]
    files: int
    diagram: str
    as_in: AsIn | None = None
    """The version of the source that it is a copy of, if not the present one."""
    account: NamedAccount | None = None
    """Where it will be, if the policy says."""
    external: Sequence[ExternalReference] = ()
    """What its code reaches outside, as its source's does."""


def title(manifest: Manifest) -> str:
    """Return the pull request's title."""
    return f"Clone {manifest.source} as {manifest.name} for {manifest.purpose}"


def body(proposed: ProposedClone) -> str:
    """Return the pull request's body in GitHub's Markdown."""
    manifest = proposed.manifest
    parts = [
        MARKER.format(name=manifest.name),
        _introduction(proposed),
        "### What to look at",
        "\n".join(f"- {item}" for item in _attention(proposed)),
        "### Differences from " + code(str(manifest.source)),
        markdown.verdict(proposed.parity),
        *_leaks(proposed),
        by_cause(proposed.parity, lambda name: _values(proposed, name)),
        (
            "**Merging this pull request deploys the clone.** It applies exactly the plan in the comment below; if the plan "
            "has changed by then, nothing is applied."
        ),
        details("All parameters", _parameter_table(proposed)),
        "### Steps, in order",
        fence(proposed.diagram, "mermaid"),
        details("What each step does", _step_table(proposed.pipeline)),
        "### Commands that work here",
        _commands(manifest),
    ]
    return "\n\n".join(parts) + "\n"


def _commands(manifest: Manifest) -> str:
    name = manifest.name
    rows = [
        (f"/set {name} key=value", "changes a parameter in this pull request"),
        (f"/extend {name} 7d", "extends its life"),
        (f"/plan {name}", "re-runs the plan"),
        (f"/status {name}", "shows its status"),
        ("/help", "lists all commands"),
    ]
    return "\n".join(f"- {code(command)} {what}" for command, what in rows)


def _introduction(proposed: ProposedClone) -> str:
    manifest, request = proposed.manifest, proposed.manifest.request
    asked = f"Requested by @{request.by} [in #{request.issue}]({request.url}). " if request else ""
    expires = f"{manifest.expires_at:%Y-%m-%d %H:%M} UTC" if manifest.expires_at else "never"
    purpose = proposed.template.declaration.purposes[manifest.purpose]
    known = [
        (
            "Environment",
            f"{code(manifest.name)} in {code(proposed.template.roots.environment(manifest.name) + '/')} ({counted(proposed.files, 'file')})",
        ),
        ("Purpose", f"{code(manifest.purpose)}. {cell(purpose.description)}"),
        ("Owner", f"@{manifest.owner}"),
        ("Expires", expires),
        *([("Account", _account(proposed.account))] if proposed.account else []),
        *([("Ends with", f"#{manifest.ends_with}, when that is merged or closed")] if manifest.ends_with else []),
        ("Template", f"{code(manifest.template)} at revision {code(manifest.revision[:12])}"),
    ]
    preview = manifest.preview
    copied = f"This pull request adds a complete copy of {code(str(manifest.source))}, rendered from the same template."
    if preview is not None:
        copied = (
            f"This pull request adds a complete copy of {code(str(manifest.source))} **with the change of #{preview.pull_request}, as of {preview.commit}**. "
            "A push there brings this pull request up to date. The differences below are from what is on the default branch now."
        )
    elif proposed.as_in is not None:
        copied = (
            f"This pull request adds a complete copy of {code(proposed.as_in.environment)} **as it was at {proposed.as_in.commit}**, rendered from the "
            "template of that time. The differences below compare it with what that is now."
        )
    return f"{asked}{copied}\n\n{facts(known)}"


def _account(found: NamedAccount) -> str:
    return code(found.name) if found.id == found.name else f"{code(found.name)} ({code(found.id)})"


def _leaks(proposed: ProposedClone) -> Iterator[str]:
    if proposed.leaks:
        shown = proposed.leaks[:MOST_LEAKS]
        lines = "\n".join(
            f"- {code(f'{leak.place}:{leak.line}')} {cell(shortened(leak.message, LONGEST_LEAK))}" for leak in shown
        )
        if (more := len(proposed.leaks) - MOST_LEAKS) > 0:
            lines += f"\n- … and {counted(more, 'more leak')}"
        yield f"**{counted(len(proposed.leaks), 'leak')}: this clone refers to {code(str(proposed.manifest.source))}.**\n\n{lines}"


def _why(proposed: ProposedClone, name: ParameterName) -> str:
    return markdown.ORIGINS[origin(proposed.template.declaration, proposed.manifest, proposed.source, name)]


def _values(proposed: ProposedClone, name: ParameterName) -> tuple[str, str]:
    """Return a parameter's values as texts, production's first; the empty text for one that a manifest lacks."""
    declared = proposed.template.declaration.parameters
    theirs, ours = (
        typed(declared[name], value) if name in declared and value is not None else ""
        for value in (proposed.source.parameters.get(name), proposed.manifest.parameters.get(name))
    )
    return theirs, ours


def _parameter_table(proposed: ProposedClone) -> str:
    declared = proposed.template.declaration.parameters
    rows = []
    for name, value in proposed.manifest.parameters.items():
        theirs = proposed.source.parameters.get(name)
        other = (
            "the same" if theirs == value else (code(typed(declared[name], theirs)) if theirs is not None else "absent")
        )
        rows.append((code(name), code(typed(declared[name], value)), other, _why(proposed, name)))
    return table(("Parameter", "Value", proposed.source.name, "Origin"), rows)


def _step_table(pipeline: Pipeline) -> str:
    rows = []
    for name, step in pipeline.steps.items():
        undo = "none: " + cell(step.undo.none) if isinstance(step, Hook) and step.undo else "yes"
        needs = ", ".join(code(need) for need in step.needs) or NO_VALUE
        rows.append(
            (code(name), code(step.kind) if isinstance(step, Hook) else step.kind, needs, cell(step.description), undo)
        )
    return table(("Step", "Kind", "After", "What it does", "Undo"), rows)


def _attention(proposed: ProposedClone) -> Iterator[str]:
    manifest, template = proposed.manifest, proposed.template.declaration
    purpose = template.purposes[manifest.purpose]
    if purpose.match:
        yield (
            f"**{manifest.purpose}** must match {code(str(manifest.source))} in: {', '.join(map(code, purpose.match))}."
        )
    if purpose.differ:
        yield f"**{manifest.purpose}** must differ in: {', '.join(map(code, purpose.differ))}."
    if manifest.overrides:
        yield f"Set with `--set`, overriding the purpose: {', '.join(code(name) for name in manifest.overrides)}."
    alike = outbound_alike(manifest, proposed.source, proposed.template)
    yield from markdown.outside(proposed.external, alike, str(manifest.source))
    programs = [name for name, hook in proposed.pipeline.hooks.items() if hook.run]
    if programs:
        yield f"Steps that run programs from this repository: {', '.join(code(name) for name in programs)}."
    keep = [name for name, hook in proposed.pipeline.hooks.items() if hook.undo]
    if keep:
        yield f"Steps without an undo (each gives its reason): {', '.join(code(name) for name in keep)}."
    yield "The plan comment, with everything that is created and in which account."
