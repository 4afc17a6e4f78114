"""By whose contract a clone is compared: always by that of its own template, and mostly by the base branch's, too.

Somebody who may push could have a clone rendered from an older revision, which the base branch had and which demanded less. So its
contract counts alone only for a clone that the base branch has at that very revision: that was accepted when it came there.
"""

from collections.abc import Sequence

from bot.clients.git.checkout import Checkout
from bot.core.parity.base_contract import held_to
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.rendering.assemble import TemplateAt, read_manifest
from bot.core.rendering.verify import contradictions
from bot.errors import Finding, UserError
from bot.model.environment import Manifest
from bot.runs.plan.base.history import History
from bot.runs.plan.base.proof import base_template


def base_contract(checkout: Checkout, history: History, manifest: Manifest, template: TemplateAt) -> TemplateAt | None:
    """Return a clone's template with the base branch's contract; None where its own counts alone. Raises `Unverifiable`, `UserError`."""
    base = base_template(checkout, history.base, template)
    if base is None or base.revision == template.revision or _was_accepted(checkout, history, manifest):
        return None
    return held_to(template, base.declaration)


def contradicted(checkout: Checkout, clone: CodeSide, held: TemplateAt) -> Sequence[Finding]:
    """Return the values of a clone that nobody may give, or that break a rule, by the base branch's contract."""
    where = checkout.roots.environment(clone.manifest.name)
    return list(contradictions(where, clone.files, clone.manifest, held))


def _was_accepted(checkout: Checkout, history: History, manifest: Manifest) -> bool:
    files = checkout.environment_at(manifest.name, history.base)
    if not files:
        return False
    try:
        before = read_manifest(files, checkout.roots.environment(manifest.name))
    except UserError:
        return False
    same = (before.template, before.revision, before.source) == (manifest.template, manifest.revision, manifest.source)
    return same and history.had(checkout.roots.template(manifest.template), manifest.revision)
