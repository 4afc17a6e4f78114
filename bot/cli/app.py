"""The command line `envclone`: which commands there are. Each file beside this one holds one family of them."""

import typer

from bot.cli import (
    answers,
    apply,
    change,
    checkout,
    conclude,
    documents,
    drift,
    expire,
    parity,
    plan,
    recertify,
    sandbox,
    serve,
    snapshot,
    targets,
)
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
app.command("list")(answers.list_environments)
app.command("status")(answers.status)
app.command("help")(answers.show_help)
app.command("render")(checkout.render)
app.command("verify")(checkout.verify)
app.command("parity")(parity.parity)
app.command("schema")(documents.write)
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
