"""`docs/command-line.md`: the commands of the command line, each with its exit codes."""

from bot.cli.commands import AUDIENCES, COMMANDS
from bot.cli.console import DOES_NOT_HOLD, HOLDS, NOT_CHECKED
from bot.core.messages.reference.generated_docs import GENERATED, table_lines


def command_line_page() -> str:
    """Return `docs/command-line.md`."""
    lines = [
        GENERATED,
        "# The command line\n",
        "`envclone COMMAND --help` (or `-h`) explains a command with its options. `envclone --install-completion` lets the shell complete",
        "commands, options and the names of environments.\n",
        "With `--json` a command prints its result as data, and nothing else, on standard output; logs and messages go to standard error.",
        "Exit code 64 is wrong usage in every command, and nothing was done; the others are below.\n",
    ]
    for audience in AUDIENCES:
        lines.append(f"## {audience}\n")
        rows = [
            (
                f"`envclone {each.name}`",
                each.about,
                *(dict(each.exits.rows()).get(code, "") for code in (HOLDS, DOES_NOT_HOLD, NOT_CHECKED)),
            )
            for each in COMMANDS
            if each.audience == audience
        ]
        lines += table_lines(("Command", "What it does", "0", "1", "2"), rows)
    return "\n".join(lines)
