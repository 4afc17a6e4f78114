"""`envclone set` and `envclone extend`: change an environment of this checkout as a comment would propose it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.console import edge, say, width
from bot.cli.local.options import AsJson, Root
from bot.cli.local.sentence import refused, sentence
from bot.cli.local.source import source_side
from bot.cli.options import completed
from bot.cli.terminal import plain
from bot.clients.git.checkout import Checkout, own_checkout
from bot.clients.git.merge_file import merge_text
from bot.commands.model import Extend, Set
from bot.core.messages import changed_values
from bot.core.rendering.assemble import TemplateAt, own_manifest
from bot.core.rendering.merge import EditedDirectory
from bot.core.requests.change import ChangeDraft, ChangeSubject, Unchanged, draft_change
from bot.core.requests.refusal import Refused, unknown_environment
from bot.errors import UserError
from bot.hooks.validate import JUDGES
from bot.model.environment import Manifest


def set_values(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME KEY=VALUE...",
            help="As in a comment: demo-x app_cpu=512",
            autocompletion=completed("environments"),
        ),
    ],
    root: Root = Path(),
    as_json: AsJson = False,
) -> None:
    """Change parameters of an environment in this checkout, as `/set` would propose it."""
    with edge():
        checkout = own_checkout(root)
        _change(sentence(Set, "set", words, lambda meant: _drafted(meant, checkout)), checkout, as_json)


def extend(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME DURATION", help="As in a comment: demo-x 7d", autocompletion=completed("environments")
        ),
    ],
    root: Root = Path(),
    as_json: AsJson = False,
) -> None:
    """Extend the life of an environment in this checkout, as `/extend` would propose it."""
    with edge():
        checkout = own_checkout(root)
        _change(sentence(Extend, "extend", words, lambda meant: _drafted(meant, checkout)), checkout, as_json)


def _change(command: Set | Extend, checkout: Checkout, as_json: bool) -> None:
    drafted = _drafted(command, checkout)
    if isinstance(drafted, Unchanged):
        say(drafted.reason, lambda: {"changed": {}}, as_json)
        return
    if isinstance(drafted, Refused):
        raise refused(drafted)
    before, after = own_manifest(checkout.environment(command.name), command.name, checkout.roots), drafted.manifest
    checkout.write_environment(after.name, drafted.files)
    say(
        f"{plain(changed_values.values_table(before, after), width())}\n\nWrote {checkout.roots.environment(after.name)}/. Commit it and open a pull request.",
        lambda: {
            "changed": {name: after.parameters[name] for name in changed_values.changed(before, after)},
            "expires_at": after.expires_at.isoformat() if after.expires_at else None,
        },
        as_json,
    )


def _drafted(command: Set | Extend, checkout: Checkout) -> ChangeDraft:
    files = checkout.environment(command.name)
    if not files:
        return unknown_environment(command, checkout.environments())
    before = own_manifest(files, command.name, checkout.roots)
    directory = EditedDirectory(files, merge_text)
    source = source_side(checkout, before)
    subject = ChangeSubject(before, _template(checkout, before), checkout.policy(), source, JUDGES, directory)
    return draft_change(command, subject, _now())


def _template(checkout: Checkout, manifest: Manifest) -> TemplateAt:
    """Return the template at the environment's revision: as it is now, or from history."""
    now = checkout.read_template(manifest.template, checkout.template(manifest.template))
    if now.revision == manifest.revision:
        return now
    files = checkout.template_at(manifest.template, manifest.revision)
    if files is None:
        raise UserError(
            f"Revision {manifest.revision[:12]} of template {manifest.template} is not in this checkout's history. "
            "Run `git fetch --unshallow`."
        )
    return checkout.read_template(manifest.template, files)


def _now() -> datetime:
    return datetime.now(UTC)
