"""Which commands the command line has, for whom, where each is, what help says of it, and what its exit codes mean.

Nothing of a command is imported before it is called: `envclone --help` and every step of a workflow would pay for all others.
To add one: its function, and its row here; help, completion and `docs/command-line.md` follow from the row, and a test holds that
`about` is what the function's docstring says.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from bot.cli.console import DOES_NOT_HOLD, HOLDS, NOT_CHECKED, WRONG_USAGE

Audience: TypeAlias = Literal["In a checkout", "In workflows", "For operators"]
AUDIENCES: Final[tuple[Audience, ...]] = ("In a checkout", "In workflows", "For operators")


@dataclass(frozen=True, slots=True)
class ExitCodes:
    """What a command's exit codes mean; one that it never exits with is empty."""

    well: str
    failed: str = "refused: the message says why, and what to type instead"
    not_checked: str = "not checked: something can't be read"

    def rows(self) -> Iterator[tuple[int, str]]:
        """Yield each code with its meaning."""
        found = {HOLDS: self.well, DOES_NOT_HOLD: self.failed, NOT_CHECKED: self.not_checked}
        yield from ((code, meaning) for code, meaning in found.items() if meaning)
        yield WRONG_USAGE, "wrong usage: nothing was done"


@dataclass(frozen=True, slots=True)
class CommandPlace:
    """A command of the command line: a function, or a `typer.Typer` with commands of its own, at `module:name`."""

    name: str
    place: str
    about: str
    exits: ExitCodes
    audience: Audience = "In a checkout"
    takes_sentence: bool = False
    """Said in the words of a comment, options included: those are read by the commands' own grammar."""
    lives_long: bool = False
    """It serves until it is stopped."""

    @property
    def summary(self) -> str:
        """The first sentence of `about`, for lists."""
        return f"{self.about.partition('. ')[0].rstrip('.')}."


_IN_CHECKOUT: Final = (
    CommandPlace(
        "init",
        "bot.cli.local.installing.init:init",
        "Write workflows, roles, a first policy and code owners into a checkout; run it again to update them and keep your edits.",
        ExitCodes(
            "everything is in place",
            failed="an edited file has a newer version, or a file already existed",
            not_checked="",
        ),
    ),
    CommandPlace(
        "doctor",
        "bot.cli.local.doctor:doctor",
        "Check everything that envclone needs (this machine, the checkout, GitHub), and say how to fix what is wrong.",
        ExitCodes(
            "all is well",
            failed="something is wrong: each line says what to do",
            not_checked="something could not be checked",
        ),
    ),
    CommandPlace(
        "clone",
        "bot.cli.local.clone:clone",
        "Write the directory of a clone into this checkout, as `/clone` would propose it.",
        ExitCodes("written; with --dry-run, shown"),
        takes_sentence=True,
    ),
    CommandPlace(
        "set",
        "bot.cli.local.change:set_values",
        "Change parameters of an environment in this checkout, as `/set` would propose it.",
        ExitCodes("written, or nothing to change"),
        takes_sentence=True,
    ),
    CommandPlace(
        "extend",
        "bot.cli.local.change:extend",
        "Extend the life of an environment in this checkout, as `/extend` would propose it.",
        ExitCodes("written, or nothing to change"),
        takes_sentence=True,
    ),
    CommandPlace(
        "sync",
        "bot.cli.local.sync:sync",
        "Bring an environment in this checkout to a newer revision of its template, as `/sync` would propose it.",
        ExitCodes("written, with conflicts named; or nothing to change"),
        takes_sentence=True,
    ),
    CommandPlace(
        "list",
        "bot.cli.local.queries:list_environments",
        "List the environments in this checkout with purpose, owner and expiry.",
        ExitCodes("listed", failed="", not_checked="some can't be read: they are named, the others listed"),
    ),
    CommandPlace(
        "status",
        "bot.cli.local.queries:status",
        "Show one environment in this checkout: who requested it, its purpose, expiry and values; by default, the branch's own.",
        ExitCodes("shown", failed="there is no such environment"),
    ),
    CommandPlace(
        "help",
        "bot.cli.local.queries:show_help",
        "List the commands for comments, the purposes and the parameters, or explain one command.",
        ExitCodes("shown", failed=""),
    ),
    CommandPlace(
        "verify",
        "bot.cli.local.verify:verify",
        "Prove that environments are exactly what their template renders.",
        ExitCodes("every environment is what its template renders", failed="one is not: file and line are named"),
    ),
    CommandPlace(
        "parity",
        "bot.cli.local.parity:parity",
        "Show how a clone, or any directory of Terraform code, differs from another, and why.",
        ExitCodes(
            "parity holds; for directories: nothing that --fail-on names was found",
            failed="it does not; for directories: something that --fail-on names was found",
        ),
    ),
    CommandPlace(
        "render",
        "bot.cli.local.render:render",
        "Render environments again from their manifests and the template in this checkout, and set their revision.",
        ExitCodes("written", failed="refused, as the pull request's check would: nothing is written"),
    ),
    CommandPlace(
        "template",
        "bot.cli.local.template:templates",
        "Check templates.",
        ExitCodes("every template is consistent and renders", failed="one is not: file and line are named"),
    ),
    CommandPlace(
        "adopt",
        "bot.cli.local.adopt:adopt",
        "Adopt a production directory: write its template, manifest and policy, and prove that it is rendered as it was.",
        ExitCodes("proved, and the template's check passes", failed="written, but something is left to decide"),
    ),
    CommandPlace(
        "schema",
        "bot.cli.local.schema:write",
        "Write the JSON Schemas of our YAML formats and the reference documents.",
        ExitCodes("written, or up to date", failed="with --check: a document is out of date", not_checked=""),
    ),
    CommandPlace(
        "sandbox",
        "bot.cli.sandbox:sandbox",
        "Run a local GitHub, AWS and Actions, with the service in front of them.",
        ExitCodes(
            "ended well, or stopped by Ctrl-C",
            failed="a stage or a request failed, or a program is missing",
            not_checked="",
        ),
        lives_long=True,
    ),
)

_IN_WORKFLOWS: Final = (
    CommandPlace(
        "targets",
        "bot.cli.actions.targets:targets",
        "Print which environments a change touches, as a workflow's matrix; fail if any of them can't be determined.",
        ExitCodes("the matrix is printed", failed="something about them is refused"),
        "In workflows",
    ),
    CommandPlace(
        "snapshot",
        "bot.cli.actions.snapshot:snapshot",
        "Write the state of an environment, secrets redacted, for `envclone plan --production`. It holds names and addresses, so it must not leave the job.",
        ExitCodes("written", not_checked="the state can't be read"),
        "In workflows",
    ),
    CommandPlace(
        "plan",
        "bot.cli.actions.plan:plan",
        "Plan an environment's stacks and hooks, compare it with its source, keep the review, and report.",
        ExitCodes(
            "planned, and nothing is refused",
            failed="refused, or a step's plan failed: the report says why",
            not_checked="not planned: something could not be checked",
        ),
        "In workflows",
    ),
    CommandPlace(
        "post",
        "bot.cli.actions.post:post",
        "Post the plan jobs' reports as comments and checks.",
        ExitCodes("all are posted", failed="one is missing or unreadable", not_checked="NEEDS names no environments"),
        "In workflows",
    ),
    CommandPlace(
        "comment",
        "bot.cli.actions.comment:comment",
        "Post the report of `envclone parity` on two directories as one comment on the pull request, edited each time.",
        ExitCodes("it is posted", failed="", not_checked="there is no report, or no pull request"),
        "In workflows",
    ),
    CommandPlace(
        "conclude",
        "bot.cli.actions.conclude:conclude_pull_request",
        "Pass only if every environment that the pull request changes was verified and planned.",
        ExitCodes("every one was", failed="one was not", not_checked="NEEDS lacks the results of a job"),
        "In workflows",
    ),
    CommandPlace(
        "apply",
        "bot.cli.actions.apply:apply",
        "Apply what was reviewed and merged, or destroy what was removed in the same way.",
        ExitCodes(
            "everything was applied or destroyed",
            failed="a step failed, or it was refused and nothing was started",
            not_checked="not known: something could not be checked",
        ),
        "In workflows",
    ),
    CommandPlace(
        "drift",
        "bot.cli.actions.drift:drift",
        "Look for what changed outside the code.",
        ExitCodes(
            "no drift; in a workflow, also drift that an issue reports",
            failed="drift, and no issue reports it: it was not run in a workflow",
            not_checked="not checked: a step's plan failed, or something can't be read",
        ),
        "In workflows",
    ),
    CommandPlace(
        "recertify",
        "bot.cli.actions.recertify:recertify",
        "Report on each clone's latest commit whether its parity certificate still holds.",
        ExitCodes("reported, whether it holds or not"),
        "In workflows",
    ),
    CommandPlace(
        "handle",
        "bot.cli.actions.handle:handle",
        "Do what the service does for one event; on a schedule, look for comments that were missed.",
        ExitCodes(
            "done, answered why not, or nothing to do",
            failed="something broke: whoever asked has the log's reference",
            not_checked="GitHub can't be asked",
        ),
        "In workflows",
    ),
    CommandPlace(
        "expire",
        "bot.cli.actions.expire:expire",
        "Warn owners, propose to destroy what has expired, merge that if the policy says so, and continue rollouts.",
        ExitCodes(
            "done, or nothing is due",
            failed="it failed for some environments or rollouts; the next run tries again",
            not_checked="GitHub can't be asked",
        ),
        "In workflows",
    ),
)

_FOR_OPERATORS: Final = (
    CommandPlace(
        "serve",
        "bot.cli.serving.serve:serve",
        "Run the service: receive webhooks and carry out commands. Settings are ENVCLONE_… environment variables.",
        ExitCodes(
            "stopped on request",
            failed="the address can't be listened on",
            not_checked="a setting is missing or wrong: nothing was started",
        ),
        "For operators",
        lives_long=True,
    ),
    CommandPlace(
        "ledger",
        "bot.cli.actions.apply:ledger",
        "Print what each step of an environment did last, and which run holds its lock.",
        ExitCodes("printed", failed="there is no such environment", not_checked="the ledger can't be read"),
        "For operators",
    ),
)

COMMANDS: Final = (*_IN_CHECKOUT, *_IN_WORKFLOWS, *_FOR_OPERATORS)
