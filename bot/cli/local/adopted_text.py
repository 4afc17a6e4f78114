"""What `envclone adopt` says of what it found and wrote, for people."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from bot.core.adoption.hooks import ProposedHook
from bot.core.parity.by_code.external_references import reached
from bot.core.plural import counted
from bot.core.rendering.parameter_types import text
from bot.errors import Finding
from bot.model.environment import HOOKS
from bot.model.policy import PATH as POLICY
from bot.runs.adoption import AdoptedProduction

_SHOWN = 3
_CODE = re.compile(r"`[^`]*`")


def adopted_text(found: AdoptedProduction, path: str) -> Iterator[str]:
    """Yield the lines."""
    adoption, name = found.adoption, found.manifest.name
    where = found.template.where
    yield from _wrote(found, where)
    yield ""
    yield from _parameters(found)
    yield ""
    if found.changed:
        yield f"Not proved: {', '.join(found.changed)} would change."
        yield from (f"  {each}: {how}." for each, how in found.changed.items())
        yield (
            f"Make {where} render what {path} has (a line for clones alone belongs in `{{% if … %}}`), or change {path} in the same way, "
            f"and run this again. If {path} has changed, `--anew` writes the template from it again."
        )
    else:
        yield f"Proved: {counted(len(adoption.written), 'file')} of production rendered byte for byte as before."
    if adoption.moved:
        yield "Except for the paths of modules and files elsewhere, which follow from the new directory:"
        yield from (f"  {each}" for each in adoption.moved)
    if found.hooks:
        yield from (
            "",
            f"Terraform doesn't do this, so a clone may need a hook for it: declare it in {where}/{HOOKS} (docs/hooks.md).",
        )
        yield from (f"  {each.kind}: {_blocks(each)} {each.why}" for each in found.hooks)
    left = found.proof.findings
    if left or found.undecided:
        yield from (
            "",
            "Left to decide:",
            *(f"  {each}" for each in _once(tuple(dict.fromkeys((*found.proof.findings, *found.undecided))))),
        )
    if found.as_in_production:
        yield from (
            "",
            "In every clone as in production; nothing to do if that is meant:",
            *(f"  {each}" for each in _once(found.as_in_production)),
        )
    if found.proof.external:
        yield from ("", f"Before the first clone, look at this: {reached(found.proof.external)}")
    if left:
        yield from ("", f"Edit {where}, then run the same command again.")
    else:
        next_step = (
            ""
            if found.changed
            else f" Next: `envclone clone {name} as {found.template.roots.named('demo-x', name)} --dry-run`."
        )
        yield from ("", f"`envclone template check` passes.{next_step}")
    if found.proof.doubts:
        yield from ("", "Before the first plan of a clone:", *(f"  {each}" for each in found.proof.doubts))


def _parameters(found: AdoptedProduction) -> Iterator[str]:
    """Yield the template's parameters, with both environments' values where they were found by these, else with production's."""
    declared, both = found.template.declaration.parameters, {each.name: each for each in found.adoption.parameters}
    yield f"Parameters: {len(declared)}"
    for name, parameter in declared.items():
        value = both[name].theirs if name in both else text(found.manifest.parameters[name])
        ours = both[name].ours if name in both else None
        yield f"  {name}: {value}{f' → {ours}' if ours is not None else ''}{'  [identity]' if parameter.identity else ''}  {parameter.description}"


def commit_title(found: AdoptedProduction, path: str, changed: Sequence[str]) -> str:
    """Return what a commit of the `changed` files is called: what a person changed in the template since, if it was there."""
    where = found.template.where
    edited = [each.removeprefix(f"{where}/") for each in changed if each.startswith(f"{where}/")]
    if not found.is_again:
        return f"Adopt {path}"
    if not edited:
        return f"Render {found.where} again"
    more = f" and {counted(len(edited) - 1, 'other file')}" if len(edited) > 1 else ""
    return f"Change {edited[0]}{more} in {where}"


def _wrote(found: AdoptedProduction, where: str) -> Iterator[str]:
    name = found.manifest.name
    spliced = sum(path.endswith(".j2") for path in found.template.files)
    if found.is_again:
        yield f"{where} exists and was left as it is; {found.where} was rendered from it again."
    else:
        yield f"Wrote {where} ({counted(len(found.template.files), 'file')}, {spliced} with parameters) and {found.where}."
    if found.policy_is_new:
        yield f"Wrote {POLICY}, which protects {name}."
    if not found.is_protected:
        yield f"Add `{name}` to `protected` in {POLICY}: without that it is taken for a clone, and its pull request's check fails."


def _blocks(hook: ProposedHook) -> str:
    more = f" and {len(hook.blocks) - _SHOWN} more: each" if len(hook.blocks) > _SHOWN else ""
    return f"{', '.join(hook.blocks[:_SHOWN])}{more}"


def _once(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield each kind of thing to decide once, with the other places where it is to be decided.

    Two are of one kind if only the code that they name is another.
    """
    kinds: dict[str, list[Finding]] = {}
    for each in findings:
        kinds.setdefault(_CODE.sub("``", each.message), []).append(each)
    for first, *others in kinds.values():
        shown = ", ".join(_as_well(first, each) for each in others[:_SHOWN])
        yield f"{first}{f' Also {shown}{_more(others[_SHOWN:])}.' if others else ''}"


def _as_well(first: Finding, other: Finding) -> str:
    """Return where the same is to be decided, and of what, if that is something else there."""
    named = zip(_CODE.findall(first.message), _CODE.findall(other.message), strict=True)
    of = ", ".join(dict.fromkeys(there for here, there in named if there != here))
    return f"{other.path}:{other.line}{f' ({of})' if of else ''}"


def _more(findings: Sequence[Finding]) -> str:
    if not findings:
        return ""
    files = Counter(each.path for each in findings)
    where = ", ".join(f"{count} in {path}" for path, count in files.most_common(_SHOWN))
    others = f", {len(files) - _SHOWN} more files" if len(files) > _SHOWN else ""
    return f", and {len(findings)} more ({where}{others}; `--json` has every one)"
