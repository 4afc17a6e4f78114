"""`envclone sandbox demo`, `lifecycle`, `evolution` and `adopt`: four stories that are lived through on a sandbox of their own."""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bot.cli.called import called
from bot.cli.console import edge
from bot.cli.plain_streams import own
from bot.cli.running import NoServer, Source, running_from, terraform_or_stop, wait_for_interrupt
from bot.cli.story import done, facts, live, section
from bot.errors import UserError

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@dataclass(slots=True)
class _Telling:
    """How a story is told: where its monorepo comes from, a directory for it, and how long the sandbox took to start."""

    source: Path
    scratch: Path
    console: Console
    as_json: bool
    server: bool = True
    started: float = 0.0

    @contextmanager
    def lived(self, monorepo: Path, begin: Callable[[Any], Any], stages: Any) -> Iterator[Any]:
        """Live a story through, and yield it while everything still runs."""
        began = time.monotonic()
        with ExitStack() as stack:
            started = "GitHub, AWS, Actions and the service" if self.server else "GitHub, AWS and Actions"
            with self.console.status(f"Starting {started} on loopback …"):
                box = stack.enter_context(running_from(monorepo, server=self.server))
            self.started = time.monotonic() - began
            story = begin(box)
            live(self.console, story, stages, self.started)
            yield story

    def end(self, data: Mapping[str, Any], *texts: tuple[str, str]) -> None:
        """Print what came of it: data for a program, the texts of GitHub under their titles for a person."""
        if self.as_json:
            print(json.dumps(data, indent=2))
            return
        for title, text in texts:
            section(self.console, title, text)


@contextmanager
def _told(source: Path, as_json: bool, *, server: bool) -> Iterator[_Telling]:
    from bot.sandbox.needs import check_needs  # noqa: PLC0415 (help needs none of this, nor of what a story imports)

    with edge(), tempfile.TemporaryDirectory(prefix="envclone-") as scratch:
        check_needs()
        yield _Telling(
            source.resolve(),
            Path(scratch),
            Console(file=own(sys.stderr if as_json else sys.stdout), emoji=False),
            as_json,
            server,
        )


def demo(
    source: Source = Path(),
    as_json: AsJson = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep everything running at the end until Ctrl-C.")] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Print the pull request, the plan and the report of the apply, too.")
    ] = False,
    no_server: NoServer = False,
) -> None:
    """Clone production, end to end: comment, pull request, plan, merge, apply with hooks, live."""
    with _told(source, as_json, server=not no_server) as telling:
        until = _as_far_as_possible(telling.console)
        from bot.sandbox import demo as its  # noqa: PLC0415

        with telling.lived(telling.source, its.Cloning.begun, its.stages(as_far_as=until)) as story:
            page = its.page(story)
            facts(telling.console, [*its.facts(story), ("Page", f"{page.as_uri()}")])
            if as_json:
                print(json.dumps({**_data(its, story, telling.started), "page": str(page)}, indent=2))
            elif full:
                _report(telling.console, story, until)
            else:
                print("`make demo ARGS=--full` also prints the pull request, the plan and the report;")
                print("`make demo ARGS=--keep` keeps everything running, so that you can look around.")
            if keep:
                _keep(telling.console, story.sandbox)


def lifecycle(source: Source = Path(), as_json: AsJson = False, no_server: NoServer = False) -> None:
    """Play a clone's whole life: a step that fails, resume, extend, drift, destroy, and the receipt."""
    with _told(source, as_json, server=not no_server) as telling:
        terraform_or_stop()
        from bot.sandbox import lifecycle as its  # noqa: PLC0415
        from bot.sandbox.rehearsal import monorepo  # noqa: PLC0415

        here = monorepo(telling.scratch / "monorepo", telling.source)
        with telling.lived(here, its.Life.begun, its.STAGES) as story:
            drift = story.drift
            replies = {stage: story.reply(stage) for stage in story.comments}
            telling.end(
                {"seconds": _rounded(story.seconds), "replies": replies, "drift": drift.body, "receipt": story.report},
                (f"Issue #{drift.number}: {drift.title}", drift.body or ""),
                ("The destroy report", story.report),
            )


def evolution(source: Source = Path(), as_json: AsJson = False, no_server: NoServer = False) -> None:
    """Change a template and let five clones follow: preview, rollout, a failure, drift put right, a value promoted."""
    with _told(source, as_json, server=not no_server) as telling:
        terraform_or_stop()
        from bot.sandbox.evolution.stages import STAGES  # noqa: PLC0415
        from bot.sandbox.evolution.story import Evolution  # noqa: PLC0415
        from bot.sandbox.leaflets import change, leaflets  # noqa: PLC0415

        here = leaflets(telling.scratch / "monorepo", telling.source)
        with telling.lived(here, lambda box: Evolution.begun(box, change(here)), STAGES) as story:
            rollout = story.rollout
            replies = {what: story.reply(what) for what in story.comments}
            telling.end(
                {"seconds": _rounded(story.seconds), "replies": replies, "rollout": rollout.body},
                (f"Issue #{rollout.number}: {rollout.title}", rollout.body or ""),
            )


def adopt(source: Source = Path(), as_json: AsJson = False, no_server: NoServer = False) -> None:
    """Start from a repository that doesn't use envclone yet: parity, adopt, init, and the first clone until it is live."""
    with _told(source, as_json, server=not no_server) as telling:
        terraform_or_stop()
        from bot.sandbox import adoption as its  # noqa: PLC0415
        from bot.sandbox import demo  # noqa: PLC0415

        here = its.repository(telling.scratch / "invoices", telling.source)
        before = {}
        for step in its.adopted(here, server=telling.server):
            before[step.key] = step.seconds
            done(telling.console, step.title, step.seconds)
        with telling.lived(here, lambda box: its.Adopting.of(demo.Cloning.begun(box), here), its.STAGES) as story:
            seconds = {**before, "start": telling.started, **story.seconds}
            facts(telling.console, [*demo.facts(story), ("In all", f"{sum(seconds.values()) / 60:.1f} minutes")])
            telling.end({"seconds": _rounded(seconds), "files": story.files, "status": story.status})


def _rounded(seconds: Mapping[str, float]) -> dict[str, float]:
    return {key: round(value, 2) for key, value in seconds.items()}


def _as_far_as_possible(console: Console) -> str:
    try:
        from bot.sandbox.terraform_config import terraform  # noqa: PLC0415

        terraform()
    except UserError as error:
        console.print(f"[yellow]{error}[/] Until then the demo stops at the pull request.")
        return "pull_request"
    return "live"


def _keep(console: Console, box: Any) -> None:
    """Keep everything running until Ctrl-C, within reach of `say` and `merge`."""
    from bot.sandbox import opening, visit  # noqa: PLC0415
    from bot.sandbox.sandbox import REQUESTER, REVIEWER  # noqa: PLC0415

    card = opening.card(box, 1, REQUESTER, REVIEWER)
    with visit.at_hand(card, visit.place(os.environ)):
        print(f"Still running: {card.page}/issues/{card.issue}", file=console.file)
        print("To comment there (press Ctrl-C to stop):", file=console.file)
        print(f'  {called()} sandbox say "/status demo-x"', file=console.file, flush=True)
        wait_for_interrupt()


def _report(console: Console, story: Any, until: str) -> None:
    box, pull = story.sandbox, story.pull_request
    section(console, f"Pull request #{pull.number}: {pull.title}", pull.body)
    if until == "live":
        section(console, "The plan, as reviewers see it", story.plan_comment)
        check = story.apply_check
        said = check.output.summary if check else "nothing reported"
        section(console, "Steps and outputs, as the apply reports them", said)
        section(console, "The requester's status comment", story.status)
    service = box.service
    facts(
        console,
        [
            *([("Service", f"{service.url}, {service.operations_url} (readyz, metrics)")] if service else []),
            ("GitHub", pull_url(box, story.pull)),
            ("Logs", f"{box.root}/service/service.log and {box.root}/actions" if service else f"{box.root}/actions"),
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
        "seconds": _rounded(story.seconds),
        "total_seconds": round(story.total, 2),
        "pull_request": {"number": pull.number, "title": pull.title, "body": pull.body, "files": story.files},
        "plan": story.plan_comment,
        "apply": check.output.summary if check else None,
        "status": story.status,
        "service": story.sandbox.service.url if story.sandbox.service else None,
        "directory": str(story.sandbox.root),
    }
