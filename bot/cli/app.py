"""The command line `envclone`: which commands there are. Each file beside this one holds one family of them."""

import typer

from bot.cli import sandbox
from bot.cli.actions import apply, conclude, drift, expire, plan, recertify, snapshot, targets
from bot.cli.local import change, checkout, parity, queries, schema
from bot.cli.serving import serve
from bot.cli.words import Commands

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a traceback may show values of variables, and those may be secret
    help="Clone production infrastructure by pull request, from the template that production itself comes from.",
)

# A clone is said in the words of a comment, options included, and those are read by the commands' own grammar.
app.command("clone", context_settings={"ignore_unknown_options": True})(checkout.clone)
app.command("set", context_settings={"ignore_unknown_options": True})(change.set_values)
app.command("extend", context_settings={"ignore_unknown_options": True})(change.extend)
app.command("list")(queries.list_environments)
app.command("status")(queries.status)
app.command("help")(queries.show_help)
app.command("render")(checkout.render)
app.command("verify")(checkout.verify)
app.command("parity")(parity.parity)
app.command("schema")(schema.write)
app.command("serve")(serve.serve)
app.command("targets")(targets.targets)
app.command("plan")(plan.plan)
app.command("drift")(drift.drift)
app.command("expire")(expire.expire)
app.command("apply")(apply.apply)
app.command("ledger")(apply.ledger)
app.command("snapshot")(snapshot.snapshot)
app.command("recertify")(recertify.recertify)
app.command("conclude")(conclude.conclude_pull_request)
app.add_typer(checkout.templates, name="template")
app.add_typer(sandbox.sandbox, name="sandbox")


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
