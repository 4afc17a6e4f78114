"""`envclone sandbox`: try the product, or rehearse a template change, with no account anywhere."""

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bot.cli.console import edge
from bot.cli.plain_help import PlainCommand, PlainGroup
from bot.cli.story import done, facts, live, section
from bot.cli.visiting import merge, post
from bot.errors import UserError

sandbox = typer.Typer(
    cls=PlainGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="A local GitHub, AWS and Actions with the service in front of them.",
)
Source = Annotated[
    Path,
    typer.Option(
        "--from", metavar="PATH", help="The checkout to seed the monorepo from.", file_okay=False, exists=True
    ),
]


@sandbox.command("up", cls=PlainCommand)
def up(source: Source = Path()) -> None:
    """Start the sandbox, say how to reach it, and keep it until Ctrl-C."""
    with edge(), _running(source) as box:
        from bot.sandbox import opening, visit  # noqa: PLC0415 (see `_running`)

        command = opening.first_command(source)
        card = opening.opened(box, command)
        with visit.at_hand(card, visit.place(os.environ)):
            print("\n".join(_opening(box, card, command)), flush=True)
            if lacking := opening.unplanned(source):
                print(f"\n{lacking}", flush=True)
            _wait_for_interrupt()


def _opening(box: Any, card: Any, command: str) -> Iterator[str]:
    """Yield what somebody reads who has just started a sandbox: where to look, and what to type next."""
    from bot.sandbox.opening import PEOPLE  # noqa: PLC0415

    yield f"Open {card.page}/issues/{card.issue} and comment there, or type in another terminal:"
    yield ""
    yield f'  envclone sandbox say "{command}"'
    yield "  envclone sandbox merge 2 --wait"
    yield ""
    yield f"{'Person':<10}{'Role':<12}Token"
    yield from (f"{login:<10}{role:<12}{card.people[login]}" for login, role in PEOPLE.items())
    yield ""
    yield f"{'REST':<10}{box.github.url}/api/v3"
    yield f"{'git':<10}{card.page}.git"
    yield f"{'service':<10}{box.service_url}"
    yield f"{'AWS':<10}{box.aws.endpoint}"
    yield f"{'files':<10}{box.root}"
    yield ""
    yield "Press Ctrl-C to stop it and remove everything."


sandbox.command("say", cls=PlainCommand)(post)
sandbox.command("merge", cls=PlainCommand)(merge)


@dataclass(frozen=True, slots=True)
class _Asked:
    """How far the demo goes, and how it is told."""

    until: str
    as_json: bool
    full: bool


@sandbox.command("demo", cls=PlainCommand)
def demo(
    source: Source = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep everything running at the end until Ctrl-C.")] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Print the pull request, the plan and the report of the apply, too.")
    ] = False,
) -> None:
    """Clone production, end to end: comment, pull request, plan, merge, apply with hooks, live."""
    console = Console(stderr=as_json, emoji=False)
    with edge():
        asked = _Asked(_as_far_as_possible(console), as_json, full)
        began = time.monotonic()
        with console.status("Starting GitHub, AWS, Actions and the service on loopback …"):
            context = _running(source)
            box = context.__enter__()
        try:
            _demonstrate(console, box, time.monotonic() - began, asked)
            if keep:
                _keep(console, box)
        finally:
            context.__exit__(*sys.exc_info())


def _keep(console: Console, box: Any) -> None:
    """Keep everything running until Ctrl-C, within reach of `say` and `merge`."""
    from bot.sandbox import opening, visit  # noqa: PLC0415
    from bot.sandbox.sandbox import REQUESTER, REVIEWER  # noqa: PLC0415

    card = opening.card(box, 1, REQUESTER, REVIEWER)
    with visit.at_hand(card, visit.place(os.environ)):
        print(f"Still running: {card.page}/issues/{card.issue}", file=console.file)
        print("`envclone sandbox say COMMENT` comments there. Press Ctrl-C to stop.", file=console.file, flush=True)
        _wait_for_interrupt()


@sandbox.command("lifecycle", cls=PlainCommand)
def lifecycle(
    source: Source = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Live a clone's whole life: a step that fails, resume, extend, drift, destroy, and the receipt."""
    console = Console(stderr=as_json, emoji=False)
    with edge(), tempfile.TemporaryDirectory(prefix="envclone-") as scratch:
        _terraform_or_stop()
        from bot.sandbox import lifecycle as told  # noqa: PLC0415
        from bot.sandbox.rehearsal import monorepo  # noqa: PLC0415

        began = time.monotonic()
        with _running(monorepo(Path(scratch) / "monorepo", source.resolve())) as box:
            story = told.Life.begun(box)
            live(console, story, told.STAGES, time.monotonic() - began)
            drift = story.drift
            assert drift is not None
            if as_json:
                seconds = {key: round(value, 2) for key, value in story.seconds.items()}
                said = {stage: story.reply(stage) for stage in story.comments}
                data = {"seconds": seconds, "replies": said, "drift": drift.body, "receipt": story.report}
                print(json.dumps(data, indent=2))
                return
            section(console, f"Issue #{drift.number}: {drift.title}", drift.body or "")
            section(console, "The destroy report", story.report)


@sandbox.command("evolution", cls=PlainCommand)
def evolution(
    source: Source = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Change a template and let five clones follow: preview, rollout, a failure, drift put right, a value promoted."""
    console = Console(stderr=as_json, emoji=False)
    with edge(), tempfile.TemporaryDirectory(prefix="envclone-") as scratch:
        _terraform_or_stop()
        from bot.sandbox.evolution.stages import STAGES  # noqa: PLC0415
        from bot.sandbox.evolution.story import Evolution  # noqa: PLC0415
        from bot.sandbox.leaflets import change, leaflets  # noqa: PLC0415

        began, here = time.monotonic(), leaflets(Path(scratch) / "monorepo", source.resolve())
        with _running(here) as box:
            story = Evolution.begun(box, change(here))
            live(console, story, STAGES, time.monotonic() - began)
            rollout = story.rollout
            assert rollout is not None
            if as_json:
                seconds = {key: round(value, 2) for key, value in story.seconds.items()}
                said = {what: story.reply(what) for what in story.comments}
                print(json.dumps({"seconds": seconds, "replies": said, "rollout": rollout.body}, indent=2))
                return
            section(console, f"Issue #{rollout.number}: {rollout.title}", rollout.body or "")


@sandbox.command("adopt", cls=PlainCommand)
def adopt(
    source: Source = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Start from a repository that knows nothing of envclone: parity, adopt, init, and the first clone until it is live."""
    console = Console(stderr=as_json, emoji=False)
    with edge(), tempfile.TemporaryDirectory(prefix="envclone-") as scratch:
        _terraform_or_stop()
        from bot.sandbox import adoption as told  # noqa: PLC0415
        from bot.sandbox import demo  # noqa: PLC0415

        here = told.repository(Path(scratch) / "invoices", source.resolve())
        steps = []
        for step in told.adopted(here):
            steps.append(step)
            done(console, step.title, step.seconds)
        began = time.monotonic()
        with _running(here) as box:
            started = time.monotonic() - began
            story = told.Adopting.of(demo.Cloning.begun(box), here)
            live(console, story, told.STAGES, started)
            seconds = {**{step.key: step.seconds for step in steps}, "start": started, **story.seconds}
            facts(console, [*demo.facts(story), ("In all", f"{sum(seconds.values()) / 60:.1f} minutes")])
            if as_json:
                rounded = {key: round(value, 2) for key, value in seconds.items()}
                print(json.dumps({"seconds": rounded, "files": story.files, "status": story.status}, indent=2))


def _terraform_or_stop() -> None:
    """Raise `UserError` that says how to get Terraform, or what else the sandbox needs, if there is none."""
    from bot.sandbox.needs import check_needs  # noqa: PLC0415
    from bot.sandbox.terraform_config import terraform  # noqa: PLC0415

    check_needs()
    terraform()


@contextmanager
def _running(source: Path) -> Iterator[Any]:
    from bot.sandbox.needs import check_needs  # noqa: PLC0415

    check_needs()  # moto and act are an extra, so that a service in production needn't install them
    from bot.sandbox.kept import keep_logs  # noqa: PLC0415
    from bot.sandbox.sandbox import running  # noqa: PLC0415

    for end in (
        signal.SIGINT,
        signal.SIGTERM,
    ):  # both end it in order, also where a shell started it with SIGINT ignored
        signal.signal(end, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="envclone-") as scratch:
        try:
            with running(Path(scratch), source.resolve()) as box:
                yield box
        except UserError as error:
            kept = keep_logs(Path(scratch))
            said = str(error).replace(scratch, str(kept))
            raise UserError(f"{said}\nThe logs are kept in {kept}.") from error


def _as_far_as_possible(console: Console) -> str:
    try:
        from bot.sandbox.terraform_config import terraform  # noqa: PLC0415

        terraform()
    except UserError as error:
        console.print(f"[yellow]{error}[/] Until then the demo stops at the pull request.")
        return "pull_request"
    return "live"


def _demonstrate(console: Console, box: Any, started: float, asked: _Asked) -> None:
    from bot.sandbox import demo as told  # noqa: PLC0415

    story = told.Cloning.begun(box)
    live(console, story, told.stages(as_far_as=asked.until), started)
    page = told.page(story)
    facts(console, [*told.facts(story), ("Page", f"{page.as_uri()}")])
    if asked.as_json:
        print(json.dumps({**_data(told, story, started), "page": str(page)}, indent=2))
    elif asked.full:
        _report(console, story, asked.until)
    else:
        print("`make demo ARGS=--full` also prints the pull request, the plan and the report;")
        print("`make demo ARGS=--keep` keeps everything running, so that you can look around.")


def _report(console: Console, story: Any, until: str) -> None:
    box, pull = story.sandbox, story.pull_request
    section(console, f"Pull request #{pull.number}: {pull.title}", pull.body)
    if until == "live":
        section(console, "The plan, as reviewers see it", story.plan_comment)
        check = story.apply_check
        said = check.output.summary if check else "nothing reported"
        section(console, "Steps and outputs, as the apply reports them", said)
        section(console, "The requester's status comment", story.status)
    facts(
        console,
        [
            ("Service", f"{box.service_url}, {box.operations_url} (readyz, metrics)"),
            ("GitHub", pull_url(box, story.pull)),
            ("Logs", f"{box.root}/service/service.log and {box.root}/actions"),
            ("", "These are removed at the end; `make demo ARGS=--keep` keeps them running."),
        ],
    )


def pull_url(box: Any, number: int) -> str:
    """Return the address of a pull request's page."""
    from bot.sandbox.sandbox import REPOSITORY  # noqa: PLC0415

    return f"{box.github.url}/{REPOSITORY}/pull/{number}"


def _data(told: Any, story: Any, started: float) -> dict[str, Any]:
    pull, check = story.pull_request, story.apply_check
    return {
        "command": told.COMMAND,
        "started_seconds": round(started, 2),
        "seconds": {key: round(value, 2) for key, value in story.seconds.items()},
        "total_seconds": round(story.total, 2),
        "pull_request": {"number": pull.number, "title": pull.title, "body": pull.body, "files": story.files},
        "plan": story.plan_comment,
        "apply": check.output.summary if check else None,
        "status": story.status,
        "service": story.sandbox.service_url,
        "directory": str(story.sandbox.root),
    }


def _wait_for_interrupt() -> None:
    try:
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        typer.echo("Stopping …", err=True)
