"""The table of commands: one row each drives the parser, the formatter, `/help` and the documentation.

To add a command: its model in `model`, its row in `TABLE`, its file in `bot/service/commands`, its tests; help and
`docs/commands.md` follow from the row.
"""

from collections.abc import Mapping

from bot.commands import arguments
from bot.commands.model import (
    Clone,
    Codify,
    Command,
    CommandVerb,
    Destroy,
    Extend,
    Help,
    List,
    PlanCommand,
    Promote,
    Repair,
    Reset,
    Resume,
    Rollback,
    RolloutCommand,
    Set,
    Status,
    Sync,
    Unlock,
)
from bot.commands.spec import Option, Slot, Spec
from bot.errors import InvalidInput
from bot.model import duration
from bot.model.suggest import closest
from bot.names import EnvironmentName, ParameterName, PurposeName, shown


def _verb(text: str) -> CommandVerb:
    verb = text.removeprefix("/").lower()
    if verb not in BY_VERB:
        known = ", ".join(f"`/{known}`" for known in BY_VERB)
        raise InvalidInput(f"Unknown command {shown('/' + verb)}. The commands are {known}.")
    return CommandVerb(verb)


def _near_verb(text: str) -> str | None:
    return closest(text, BY_VERB)


_NAME = Slot("name", "the environment", arguments.environment, nearest=arguments.hyphenated)

TABLE: tuple[Spec, ...] = (
    Spec(
        "clone",
        Clone,
        "Open a pull request that adds a clone of an environment.",
        "clone",
        "/clone production as demo-x for demo --ttl 14d",
        (
            Slot(
                "source",
                "the environment to clone; with `@`, as it was at a commit or tag of the default branch, or at a time in UTC",
                arguments.environment,
                nearest=arguments.hyphenated,
                when="at",
            ),
            Slot("name", "the new environment's name", EnvironmentName, keyword="as", nearest=arguments.hyphenated),
            Slot(
                "purpose", "a purpose of the template", PurposeName, "for", optional=True, nearest=arguments.hyphenated
            ),
        ),
        (
            Option(
                "ttl",
                "how long the clone lives, such as 14d",
                duration.parse,
                duration.text,
                "duration",
                nearest=duration.nearest,
            ),
            Option("set", "a parameter's value; may be repeated", str, str, "key=value", is_map=True),
            Option("owner", "the clone's owner; by default, whoever comments", arguments.login, str, "login"),
            Option(
                "with",
                "an open pull request; the clone ends with it",
                arguments.pull_request,
                str,
                "number",
                named="ends_with",
            ),
            Option("dry-run", "show the files and the differences, and create nothing", bool),
        ),
        in_checkout=True,
    ),
    Spec(
        "set",
        Set,
        "Change parameters, in the clone's open pull request or, once it is live, in a new one.",
        "change",
        "/set demo-x app_cpu=512 app_memory=1024",
        (
            _NAME,
            Slot("set", "a parameter's value; may be repeated", str, is_map=True),
        ),
        in_checkout=True,
    ),
    Spec(
        "extend",
        Extend,
        "Extend the life of a clone.",
        "change",
        "/extend demo-x 7d",
        (_NAME, Slot("by", "how much longer", duration.parse, write=duration.text, nearest=duration.nearest)),
        in_checkout=True,
    ),
    Spec(
        "sync",
        Sync,
        "Bring an environment to a newer revision of its template, by pull request; hand edits are merged.",
        "change",
        "/sync demo-x",
        (
            _NAME,
            Slot(
                "commit",
                "the template as it is at this commit of the default branch; by default, the newest",
                arguments.commit,
                "to",
                optional=True,
                default=frozenset({"latest", "newest", "now"}),
            ),
        ),
        (
            Option(
                "set", "a value that the newer template asks for; may be repeated", str, str, "key=value", is_map=True
            ),
        ),
        in_checkout=True,
    ),
    Spec(
        "promote",
        Promote,
        "Open a pull request that brings what was proved in a clone into its source: values, or the template's newer revision.",
        "change",
        "/promote demo-x app_cpu",
        (
            _NAME,
            Slot(
                "keys",
                "the parameters; by default the template's revision if it is newer, else every value that was given by hand",
                ParameterName,
                is_list=True,
                nearest=arguments.near_parameter,
            ),
        ),
        is_shared=True,
    ),
    Spec(
        "rollback",
        Rollback,
        "Open a pull request that brings an environment back to an earlier version.",
        "change",
        "/rollback demo-x",
        (
            _NAME,
            Slot(
                "commit",
                "as it was at this commit of the default branch; by default, the last other version that was applied successfully",
                arguments.commit,
                "to",
                optional=True,
                default=frozenset({"previous", "last", "before"}),
            ),
        ),
        is_shared=True,
    ),
    Spec(
        "rollout",
        RolloutCommand,
        "Show the rollouts that are under way; in the issue of one, pause, resume or abort it.",
        "change",
        "/rollout pause",
        (
            Slot(
                "action",
                "`pause`, `resume` or `abort`",
                arguments.rollout_action,
                optional=True,
                nearest=arguments.near_rollout_action,
            ),
        ),
    ),
    Spec(
        "repair",
        Repair,
        "Open a pull request whose plan puts back what changed outside the code.",
        "change",
        "/repair demo-x",
        (_NAME,),
        (
            Option(
                "confirm",
                "merge the repair of a clone that somebody else asked for, whose plan has this fingerprint",
                arguments.fingerprint,
                str,
                "fingerprint",
            ),
        ),
        is_shared=True,
    ),
    Spec(
        "codify",
        Codify,
        "Open a pull request that changes the code to match what was changed outside it.",
        "change",
        "/codify demo-x",
        (
            _NAME,
            Slot(
                "addresses",
                "the resources (`app/terraform_data.this`, with `*` for any characters); by default, all that has drifted. With `=<id>` appended, what is in no state is imported",
                arguments.address,
                is_list=True,
            ),
        ),
        (
            Option(
                "all",
                "change the template instead, where other environments were changed in the same way",
                bool,
                named="everywhere",
            ),
        ),
        is_shared=True,
    ),
    Spec(
        "plan",
        PlanCommand,
        "Re-run the plan of an open pull request, or check a live environment for drift.",
        "change",
        "/plan demo-x",
        (_NAME,),
        is_shared=True,
    ),
    Spec(
        "resume",
        Resume,
        "Resume an apply or a destroy at the step that failed.",
        "change",
        "/resume demo-x",
        (_NAME,),
        is_shared=True,
    ),
    Spec(
        "unlock",
        Unlock,
        "Take over the lock of a run that has died, and resume. The reason goes into the ledger.",
        "rescue",
        '/unlock demo-x --because "the runner was switched off"',
        (_NAME,),
        (Option("because", "how you know that the run is dead", arguments.reason, str, "reason", required=True),),
    ),
    Spec(
        "destroy",
        Destroy,
        "Open a pull request that removes a clone; merging it destroys the clone.",
        "destroy",
        "/destroy demo-x",
        (_NAME,),
    ),
    Spec(
        "reset",
        Reset,
        "Open a pull request that destroys a clone; the clone is then recreated as it was, under the same name.",
        "destroy",
        "/reset demo-x",
        (_NAME,),
        (Option("data", "only undo and run again the hooks that fill it with data", bool),),
        is_shared=True,
    ),
    Spec(
        "status",
        Status,
        "Show one environment: stage, owner, expiry, pull request.",
        "read",
        "/status demo-x",
        (
            Slot(
                "name",
                "the environment; by default, the one of this thread or, in a checkout, of the current branch",
                arguments.environment,
                optional=True,
                nearest=arguments.hyphenated,
            ),
        ),
        in_checkout=True,
    ),
    Spec(
        "list",
        List,
        "List the environments with purpose, owner and expiry.",
        "read",
        "/list mine",
        (
            Slot("mine", "only your own", bool, label="mine", is_flag=True, optional=True),
            Slot(
                "purpose",
                "only those of a purpose",
                PurposeName,
                label="purpose",
                optional=True,
                nearest=arguments.hyphenated,
            ),
            Slot("owner", "only those of an owner", arguments.login, label="owner", optional=True),
            Slot("page", "which page, of 100 environments each", arguments.page, label="page", optional=True),
        ),
        in_checkout=True,
    ),
    Spec(
        "help",
        Help,
        "List the commands, purposes and parameters, or explain one command.",
        "read",
        "/help clone",
        (Slot("command", "a command; by default, all of them", _verb, optional=True, nearest=_near_verb),),
        in_checkout=True,
    ),
)
BY_VERB: Mapping[str, Spec] = {spec.verb: spec for spec in TABLE}


def spec_of(command: Command) -> Spec:
    """Return the table's row of a command."""
    return next(spec for spec in TABLE if isinstance(command, spec.model))
