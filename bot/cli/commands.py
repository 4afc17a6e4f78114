"""Which commands the command line has, where each is, and what help says of it.

Nothing of a command is imported before it is called: `envclone --help` and every step of a workflow would pay for all others.
To add one: its function, and its row here; a test holds that `about` is what the function's docstring says.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class CommandPlace:
    """A command of the command line: a function, or a `typer.Typer` with commands of its own, at `module:name`."""

    name: str
    place: str
    about: str
    takes_sentence: bool = False
    """Said in the words of a comment, options included: those are read by the commands' own grammar."""


COMMANDS: Final = (
    CommandPlace(
        "clone",
        "bot.cli.local.clone:clone",
        "Write the directory of a clone into this checkout, as `/clone` would propose it.",
        takes_sentence=True,
    ),
    CommandPlace(
        "set",
        "bot.cli.local.change:set_values",
        "Give parameters of an environment in this checkout other values, as `/set` would propose it.",
        takes_sentence=True,
    ),
    CommandPlace(
        "extend",
        "bot.cli.local.change:extend",
        "Let an environment of this checkout live longer, as `/extend` would propose it.",
        takes_sentence=True,
    ),
    CommandPlace(
        "list",
        "bot.cli.local.queries:list_environments",
        "List the environments of this checkout with purpose, owner and expiry.",
    ),
    CommandPlace(
        "status",
        "bot.cli.local.queries:status",
        "Show one environment of this checkout: who asked, for what, until when, with which values; by default the branch's own.",
    ),
    CommandPlace(
        "help",
        "bot.cli.local.queries:show_help",
        "Show the commands of comments, the purposes and the parameters, or how one command is written.",
    ),
    CommandPlace(
        "render",
        "bot.cli.local.render:render",
        "Render environments again from their manifests and the template in this checkout, and set their revision.",
    ),
    CommandPlace(
        "verify",
        "bot.cli.local.verify:verify",
        "Prove that environments are exactly what their template renders. Exits with 0 (holds), 1 (does not) or 2 (not checked).",
    ),
    CommandPlace(
        "parity",
        "bot.cli.local.parity:parity",
        "Show every difference of a clone from production with its cause, and leaks. Exits with 0 (holds), 1 (does not) or 2 (not checked).",
    ),
    CommandPlace(
        "schema",
        "bot.cli.local.schema:write",
        "Write the JSON Schemas of our YAML formats and the reference documents.",
    ),
    CommandPlace(
        "serve",
        "bot.cli.serving.serve:serve",
        "Run the service: take webhooks, carry out commands. Settings are ENVCLONE_… environment variables.",
    ),
    CommandPlace(
        "targets",
        "bot.cli.actions.targets:targets",
        "Say which environments a change touches, as a workflow's matrix; fail when anything about them can't be told.",
    ),
    CommandPlace(
        "plan",
        "bot.cli.actions.plan:plan",
        "Plan an environment's stacks and hooks, compare it with its source, keep the review, and report. Exits with 0, 1 or 2.",
    ),
    CommandPlace(
        "drift",
        "bot.cli.actions.drift:drift",
        "Look for what changed outside the code. Exits with 0 (nothing, or an issue says what), 1 (drift) or 2 (not checked).",
    ),
    CommandPlace(
        "expire",
        "bot.cli.actions.expire:expire",
        "Warn owners, propose to destroy what has expired, and merge that if the policy says so. Exits with 0, 1 (something failed) or 2.",
    ),
    CommandPlace(
        "apply",
        "bot.cli.actions.apply:apply",
        "Apply what was reviewed and merged; destroy what was removed so. Exits with 0 (well), 1 (failed, refused) or 2 (not known).",
    ),
    CommandPlace(
        "ledger",
        "bot.cli.actions.apply:ledger",
        "Print what each step of an environment did last, and who is at work on it.",
    ),
    CommandPlace(
        "snapshot",
        "bot.cli.actions.snapshot:snapshot",
        "Write the state of an environment, secrets sealed, for `envclone plan --production`. It holds names and addresses: keep it to the job.",
    ),
    CommandPlace(
        "recertify",
        "bot.cli.actions.recertify:recertify",
        "Say on each clone's latest commit whether its parity certificate still holds. Exits with 0 whether it does or not.",
    ),
    CommandPlace(
        "post",
        "bot.cli.actions.post:post",
        "Post the reports that the plan jobs have left: comments and checks. Exits with 1 when one is missing or makes no sense.",
    ),
    CommandPlace(
        "conclude",
        "bot.cli.actions.conclude:conclude_pull_request",
        "Pass only if every environment that the pull request changes was verified and planned. Exits with 0, 1 or 2.",
    ),
    CommandPlace("template", "bot.cli.local.template:templates", "Check templates."),
    CommandPlace(
        "sandbox", "bot.cli.sandbox:sandbox", "A local GitHub, AWS and Actions with the service in front of them."
    ),
)
