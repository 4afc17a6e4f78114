"""The commands that only read a checkout: help, status and list. They say what a comment would be answered."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.commands import COMMANDS
from bot.cli.console import NOT_CHECKED, edge, say, stop, width
from bot.cli.group import loaded
from bot.cli.local.options import AsJson, Root, me
from bot.cli.local.revisions import history_here
from bot.cli.local.sentence import refused, sentence
from bot.cli.options import completed
from bot.cli.terminal import plain
from bot.clients.git.checkout import Checkout, own_checkout
from bot.clients.proved_before import ReadBefore, users_cache
from bot.commands.model import Help, List, Status
from bot.commands.spec import Spec
from bot.commands.specs import BY_VERB, TABLE
from bot.core.messages import replies
from bot.core.messages.environment_list import matching, nothing_matches, only, unmanaged
from bot.core.messages.reference.help_text import help_text
from bot.core.requests.branches import read_branch
from bot.core.requests.refusal import Refused, unknown_environment, unknown_purpose
from bot.core.requests.template_history import TemplateHistory, behind
from bot.errors import Unreadable, UserError
from bot.model.environment import Manifest
from bot.model.template import Template
from bot.names import TemplateName

Anywhere = Annotated[
    Path, typer.Option("--root", metavar="PATH", help="The checkout of the monorepo.", file_okay=False, exists=True)
]
Said = Annotated[
    list[str] | None,
    typer.Argument(metavar="[COMMAND]", help="The command to explain; by default, all.", show_default=False),
]
Name = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME]",
        help="The environment; by default, the branch's own.",
        show_default=False,
        autocompletion=completed("environments"),
    ),
]
Filters = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[mine] [purpose=PURPOSE] [owner=LOGIN]",
        help="Which environments; by default, all.",
        show_default=False,
    ),
]

NO_SUBJECT = (
    "The current branch belongs to no environment. Run `envclone status NAME`, or `envclone list` to see all "
    "environments."
)
ELSEWHERE = "not available in a checkout; use the same command in a comment"


def show_help(context: typer.Context, words: Said = None, root: Anywhere = Path(), as_json: AsJson = False) -> None:
    """List the commands for comments, the purposes and the parameters, or explain one command."""
    with edge():
        others = {command.name: command for command in COMMANDS}
        if words and words[0] in others and words[0] not in BY_VERB:
            other = loaded(others[words[0]])
            typer.echo(other.get_help(typer.Context(other, parent=context.parent, info_name=words[0])))
            return
        command = sentence(Help, "help", words or (), lambda _: None)
        checkout = own_checkout(root)
        said = [plain(help_text(command, _template(checkout), checkout.policy()), width())]
        if command.command is None:
            comments = ", ".join(f"/{spec.verb}" for spec in TABLE if not spec.in_checkout)
            more = ", ".join(sorted(name for name in others if name not in BY_VERB))
            said.append(
                f"Only in comments: {comments}.\nOnly on the command line: {more}; `envclone help NAME` explains one."
            )
        specs = [spec for spec in TABLE if command.command in {None, spec.verb}]
        say("\n\n".join(said), lambda: [_as_data(spec) for spec in specs], as_json)


def list_environments(words: Filters = None, root: Root = Path(), as_json: AsJson = False) -> None:
    """List the environments in this checkout with purpose, owner and expiry."""
    with edge():
        checkout = own_checkout(root)
        asked = sentence(List, "list", words or (), lambda meant: _nothing_listed(checkout, meant))
        reading = checkout.read_inventory(ReadBefore(users_cache(), checkout.roots))
        everything = sorted(reading.inventory.manifests(), key=lambda m: m.name)
        manifests = matching(everything, asked, me())
        inventory = only(reading.inventory, {each.name for each in manifests})
        late = behind(manifests, _histories(checkout, manifests))
        listing = replies.listing(inventory, datetime.now(UTC), None, late)
        text = plain(listing if manifests or not everything else nothing_matches(everything), width())
        text += f"\n\n{plain(unmanaged(inventory.unmanaged, checkout.roots), width())}" if inventory.unmanaged else ""
        say(text, lambda: [_listed(each, late[each.name]) for each in manifests], as_json)
        if reading.findings:
            stop("\n".join(map(str, reading.findings)), NOT_CHECKED)


def _nothing_listed(checkout: Checkout, command: List) -> Refused | None:
    """Return that no template has the purpose that is asked for."""
    templates = (
        checkout.read_template(TemplateName(name), checkout.template(TemplateName(name)))
        for name in checkout.templates()
    )
    return unknown_purpose(command, (each.declaration.purposes for each in templates))


def _unknown(checkout: Checkout, command: Status) -> Refused | None:
    """Return that the environment does not exist."""
    known = checkout.environments()
    return None if command.name is None or command.name in known else unknown_environment(command, known)


def _listed(manifest: Manifest, behind: int | None) -> Mapping[str, object]:
    return {**manifest.model_dump(mode="json", exclude={"stacks"}), "revisions_behind": behind}


def _histories(checkout: Checkout, manifests: Sequence[Manifest]) -> Mapping[TemplateName, TemplateHistory]:
    """Return the histories of the templates that environments were rendered from."""
    return {name: history_here(checkout, name) for name in sorted({each.template for each in manifests})}


def status(words: Name = None, root: Root = Path(), as_json: AsJson = False) -> None:
    """Show one environment in this checkout: who requested it, its purpose, expiry and values; by default, the branch's own."""
    with edge():
        checkout = own_checkout(root)
        command = sentence(Status, "status", words or (), lambda meant: _unknown(checkout, meant))
        branch = read_branch(checkout.branch() or "")
        name = command.name or (branch.environment if branch else None)
        if name is None:
            raise UserError(NO_SUBJECT)
        reading = checkout.read_inventory()
        if wrong := reading.at(checkout.roots.environment(name)):
            raise Unreadable(*wrong)
        found = reading.inventory.live.get(name)
        if found is None:
            raise refused(unknown_environment(Status(name), checkout.environments()))
        facts = found.model_dump(mode="json", exclude={"stacks"}, exclude_none=True)
        late = behind([found], _histories(checkout, [found]))[name]
        facts["revisions_behind"] = late
        said = replies.status(
            found, replies.Standing(ELSEWHERE, checkout.roots.environment(name), late), datetime.now(UTC)
        )
        say(plain(said, width()), lambda: facts, as_json)


def _as_data(spec: Spec) -> dict[str, object]:
    """Return a command as machines take it."""
    return {
        "command": f"/{spec.verb}",
        "usage": spec.usage,
        "about": spec.about,
        "permission": spec.permission,
        "example": spec.example,
        "in_checkout": spec.in_checkout,
    }


def _template(checkout: Checkout) -> Template | None:
    """Return the template of the protected environment, which is what clones are made of."""
    live, protected = checkout.read_inventory().inventory.live, checkout.policy().protected
    source = next((live[name] for name in protected if name in live), None)
    return checkout.read_template(source.template, checkout.template(source.template)).declaration if source else None
