"""Each command has one job, found by its file, and a command survives being written down."""

import ast
import json
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path
from uuid import UUID

import pytest

from bot import service
from bot.commands.grammar import Mistake, parse
from bot.commands.spec import Spec
from bot.commands.specs import TABLE
from bot.events import PreviewDue, RolloutDue, Tick
from bot.model.environment import Request
from bot.names import EnvironmentName, Login, RepositoryName
from bot.service.command_job import ACCEPTED, AcceptedCommand
from bot.service.jobs_api import bound_job
from bot.service.registry import COMMANDS
from bot.service.rollouts.job import rollout_job

ROOT = Path(service.__path__[0])
REQUEST = Request(
    by=Login("alice"), repository=RepositoryName("acme/infra"), issue=1, comment=2, url="https://github.example/c2"
)


def test_each_command_of_the_table_has_one_job_in_a_file_of_its_own() -> None:
    assert set(COMMANDS) == {spec.model for spec in TABLE}
    jobs = set(COMMANDS.values())
    assert len({job.__module__ for job in jobs}) == len(jobs)
    assert {job.__module__.rpartition(".")[0] for job in jobs} == {"bot.service.commands"}


@pytest.mark.parametrize("spec", TABLE, ids=lambda spec: spec.verb)
def test_an_accepted_command_is_read_as_it_was_written(spec: Spec) -> None:
    command = parse(spec.example)
    assert command is not None
    assert not isinstance(command, Mistake)
    accepted = AcceptedCommand(command=command, request=REQUEST, eyes=7)
    written = json.dumps(ACCEPTED.dump_python(accepted, mode="json"))
    assert ACCEPTED.validate_python(json.loads(written)) == accepted


def test_no_module_of_the_service_imports_itself_by_way_of_others() -> None:
    imports = {}
    for path in ROOT.rglob("*.py"):
        name = ".".join(["bot.service", *path.relative_to(ROOT).with_suffix("").parts]).removesuffix(".__init__")
        tree = ast.parse(path.read_text())
        names = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
        imports[name] = {found for found in names if found.startswith("bot.service.")}
        assert all(import_module(found) for found in imports[name])
    assert list(TopologicalSorter(imports).static_order()), "a circle raises CycleError"


def test_no_name_is_too_long_for_the_key_of_a_job() -> None:
    repository = RepositoryName(f"{'o' * 39}/{'r' * 100}")
    environment, delivery = EnvironmentName("e" * EnvironmentName.longest), str(UUID(int=1))
    asked = f"comment-{repository}-{10**18}"
    rollout = rollout_job(delivery, RolloutDue(repository=repository, slot=asked))
    assert asked in rollout.key, "the one that a command asks for"
    for event in (
        Tick(repository=repository, slot=0, environment=environment),
        PreviewDue(repository=repository, environment=environment),
    ):
        assert str(environment) in bound_job(delivery, "preview", event).key
