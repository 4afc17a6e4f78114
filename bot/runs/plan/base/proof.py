"""Is an environment *proved*: is it, byte for byte, what a template of the base branch renders, with modules of the base branch?

A proved environment needs no trust in who wrote the change, so it is planned without asking. Everything else meets credentials
only after somebody with the right approved that very commit (`approvals`).
"""

from collections.abc import Sequence

from bot.clients.git.checkout import Checkout
from bot.clients.git.commits import tree_at
from bot.clouds.registry import FACTS
from bot.core.hcl.local_modules import places_outside
from bot.core.markdown import code
from bot.core.parity.loosened import loosened
from bot.core.rendering.assemble import TemplateAt, read_manifest, read_template
from bot.core.requests.approvals import Unproved
from bot.errors import Finding, HandEdit, UserError
from bot.model.environment import MANIFEST
from bot.model.template import DECLARATION
from bot.names import EnvironmentName
from bot.runs.plan.base.history import History
from bot.runs.plan.verify import Templates, Verified


def unproved(checkout: Checkout, history: History, name: EnvironmentName, verified: Verified) -> Unproved | None:
    """Return why an environment of the checkout is not proved by the base branch, whose `history` it is; None when it is.

    `verified` says where it differs from what its template renders. Raises `Transient`, `Unverifiable`, `UserError`.
    """
    files, where = checkout.code(name), checkout.roots.environment(name)
    manifest = read_manifest(files, where)
    template = checkout.roots.template(manifest.template)
    reasons: list[Finding] = []
    if not history.had(template, manifest.revision):
        message = f"{code(template)} at revision {manifest.revision[:12]} is on no commit of the base branch."
        reasons.append(Finding(f"{where}/{MANIFEST}", 1, message))
        if less := demands_less(checkout, history.base, Templates(checkout).at(manifest)):
            said = f"it demands less of a clone than the base branch's template: {'; '.join(less)}."
            reasons.append(Finding(f"{template}/{DECLARATION}", 1, said))
    for place in places_outside(files):
        path = checkout.roots.module(place, name)
        if path is not None and not history.had(path, tree_at(checkout.root, "HEAD", path)):
            reasons.append(Finding(path, 1, "no commit of the base branch has this directory as it is here."))
    reasons += [each for each in verified.findings if isinstance(each, HandEdit) and each.path.startswith(f"{where}/")]
    return Unproved(name, tuple(reasons)) if reasons else None


def demands_less(checkout: Checkout, base: str, ours: TemplateAt) -> Sequence[str]:
    """Return what the template of the base branch's commit `base` demands of clones and `ours` does not. Raises `Unverifiable`."""
    try:
        theirs = base_template(checkout, base, ours)
    except UserError:
        return ["the base branch's template can't be read, so nobody knows what it demands"]
    if theirs is None:
        return ["the template is new, and so is all that it demands"]
    return loosened(theirs.declaration, ours.declaration) if theirs.revision != ours.revision else []


def base_template(checkout: Checkout, base: str, ours: TemplateAt) -> TemplateAt | None:
    """Return the template of the same name at the base branch's commit `base`; None where it is new. Raises `Unverifiable`, `UserError`."""
    name = ours.declaration.name
    files = checkout.template_at(name, f"{base}:{checkout.roots.template(name)}")
    return read_template(name, files, FACTS, roots=checkout.roots) if files else None


def other_findings(verified: Verified) -> Sequence[str]:
    """Return what no approval helps against: findings that are no hand edits."""
    return [str(each) for each in (*verified.unreadable, *verified.findings) if not isinstance(each, HandEdit)]
