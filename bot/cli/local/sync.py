"""`envclone sync`: bring an environment of this checkout to a newer revision of its template as a comment would propose it."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.console import edge, say, width
from bot.cli.local.options import AsJson, Root
from bot.cli.local.revisions import history_here
from bot.cli.local.sentence import refused, sentence
from bot.cli.local.source import source_side
from bot.cli.options import completed
from bot.cli.terminal import plain
from bot.clients.git.checkout import Checkout, own_checkout
from bot.clients.git.commits import tree_at
from bot.clients.git.history.templates import template_history
from bot.clients.git.merge_file import merge_text
from bot.commands.model import Sync
from bot.core.messages import sync_text
from bot.core.plural import counted
from bot.core.rendering.assemble import TemplateAt, own_manifest
from bot.core.rendering.hand_edits import lost_comments
from bot.core.rendering.migrations import pending
from bot.core.rendering.synced_values import allocates, carried
from bot.core.requests.change import Unchanged
from bot.core.requests.refusal import Refused, unknown_environment
from bot.core.requests.sync import SyncDraft, Synced, SyncSubject, draft_sync
from bot.core.requests.template_history import between
from bot.errors import UserError
from bot.hooks.validate import JUDGES
from bot.model.environment import MANIFEST, Manifest
from bot.runs.plan.verify import Templates


def sync(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME [to COMMIT]",
            help="As in a comment: demo-x to 1a2b3c4 --set region=eu-central-1",
            autocompletion=completed("environments"),
        ),
    ],
    root: Root = Path(),
    as_json: AsJson = False,
) -> None:
    """Bring an environment in this checkout to a newer revision of its template, as `/sync` would propose it."""
    with edge():
        checkout = own_checkout(root)
        command = sentence(Sync, "sync", words, lambda meant: _attempt(checkout, meant))
        subject = _subject(checkout, command)
        if isinstance(subject, Refused):
            raise refused(subject)
        drafted = draft_sync(command, subject, datetime.now(UTC))
        if isinstance(drafted, Unchanged):
            say(drafted.reason, lambda: {"files": [], "conflicts": []}, as_json)
            return
        if isinstance(drafted, Refused):
            raise refused(drafted)
        checkout.keep_template(subject.after.files)  # first: what is written refers to it
        checkout.write_environment(command.name, drafted.files)
        say(plain(_said(checkout, command, subject, drafted), width()), lambda: _data(subject, drafted), as_json)


def _attempt(checkout: Checkout, command: Sync) -> SyncDraft:
    subject = _subject(checkout, command)
    return subject if isinstance(subject, Refused) else draft_sync(command, subject, datetime.now(UTC))


def _subject(checkout: Checkout, command: Sync) -> SyncSubject | Refused:
    files = checkout.environment(command.name)
    if not files:
        return unknown_environment(command, checkout.environments())
    manifest = own_manifest(files, command.name, checkout.roots)
    before, after = Templates(checkout).at(manifest), _template(checkout, command, manifest)
    reading = checkout.read_inventory()
    is_allocating = allocates(carried(manifest, before.declaration, after.declaration), after.declaration)
    return SyncSubject(
        manifest=manifest,
        files=files,
        before=before,
        after=after,
        policy=checkout.policy(),
        inventory=reading.whole() if is_allocating else reading.inventory,
        merge_text=merge_text,
        source=source_side(checkout, manifest),
        judges=JUDGES,
    )


def _template(checkout: Checkout, command: Sync, manifest: Manifest) -> TemplateAt:
    """Return the template at the commit that is asked for, or as it is in the work tree."""
    name = manifest.template
    if command.commit is None:
        return checkout.read_template(name, checkout.template(name))
    where = checkout.roots.template(name)
    tree = tree_at(checkout.root, command.commit, where)
    files = checkout.template_at(name, tree) if tree else None
    if files is None:
        raise UserError(f"Commit {command.commit} has no {where}. Choose a later one.")
    return checkout.read_template(name, files)


def _said(checkout: Checkout, command: Sync, subject: SyncSubject, drafted: Synced) -> str:
    before, after, where = subject.manifest, drafted.manifest, checkout.roots.environment(command.name)
    changed = _changed(subject, drafted)
    history = history_here(checkout, after.template)
    if command.commit is not None and before.revision not in {each.revision for each in history}:
        history = template_history(checkout.root, command.commit, checkout.roots.template(after.template))
    source = subject.source.manifest if subject.source else None
    migrated = pending(subject.before.declaration, subject.after.declaration)
    parts = [
        f"Synced {where}/ with {sync_text.revisions(before, after)}.",
        sync_text.template_changes(between(history, before.revision, after.revision)),
        sync_text.values(before, after, subject.after.declaration, source, migrated=migrated),
        sync_text.migrations(migrated),
        *sync_text.removed_steps(before, after),
        *_lost(subject, drafted),
        f"{counted(len(changed), 'file')} changed:\n\n"
        + "\n".join(f"- {path}: {what}" for path, what in changed.items()),
        sync_text.conflicts(where, drafted.conflicts) if drafted.conflicts else "Commit it and open a pull request.",
    ]
    return "\n\n".join(filter(None, parts))


def _lost(subject: SyncSubject, drafted: Synced) -> Iterator[str]:
    """Yield what somebody wrote into the manifest and is not in it any more."""
    where = f"{subject.policy.roots.environment(subject.manifest.name)}/{MANIFEST}"
    lost = lost_comments(subject.files[MANIFEST], drafted.files[MANIFEST])
    if lost:
        lines = "\n".join(f"- line {number}: {text}" for number, text in lost.items())
        yield f"{where} is written without comments. Keep these elsewhere:\n\n{lines}"


def _changed(subject: SyncSubject, drafted: Synced) -> Mapping[str, str]:
    """Return the files that are not as they were, each with what became of it."""
    old, new = subject.files, drafted.files
    words = {(False, True): "new", (True, False): "removed", (True, True): "changed"}
    return {path: words[path in old, path in new] for path in sorted({*old, *new}) if old.get(path) != new.get(path)}


def _data(subject: SyncSubject, drafted: Synced) -> Mapping[str, object]:
    return {
        "revision": drafted.manifest.revision,
        "files": list(_changed(subject, drafted)),
        "conflicts": [{"path": each.path, "lines": each.lines} for each in drafted.conflicts],
        "parameters": drafted.manifest.parameters,
    }
