"""`aws.ecs-task` against moto, corrected so that a client token starts a task once, as AWS does."""

from collections.abc import Iterator
from dataclasses import replace

import boto3
import httpx
import pytest
from moto.ecs.models import ecs_backends
from moto.ecs.responses import EC2ContainerServiceResponse

from bot.hooks.aws.ecs_task import AwsEcsTask, TaskInputs, TaskRecord
from bot.hooks.kind import HookContext, HookFailed, OutOfTime
from bot.model.pipeline import Json
from bot.names import ParameterName
from bot.sandbox.aws.corrections.compute import CORRECTIONS
from tests.hooks.conftest import Surroundings
from tests.support.cloud import ACCOUNT, REGION
from tests.support.patience import PATIENCE

KIND = AwsEcsTask()


@pytest.fixture
def cluster(aws: None, monkeypatch: pytest.MonkeyPatch) -> str:
    # Replaced by itself, so that what the correction puts there is taken away again.
    monkeypatch.setattr(EC2ContainerServiceResponse, "run_task", EC2ContainerServiceResponse.run_task)
    next(each for each in CORRECTIONS if each.name == "a token starts a task once").install()
    client = boto3.client("ecs", REGION)
    client.create_cluster(clusterName="demo-x")
    client.register_task_definition(
        family="migrate", containerDefinitions=[{"name": "migrate", "image": "shop:1", "memory": 128}]
    )
    return "demo-x"


@pytest.fixture
def running(cluster: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tasks run on and on."""
    transition = {"model_name": "ecs::task", "transition": {"progression": "manual", "times": 1000}}
    url = f"{boto3.client('ecs', REGION).meta.endpoint_url}/moto-api/state-manager"
    httpx.post(f"{url}/set-transition", json=transition, timeout=PATIENCE).raise_for_status()
    yield
    httpx.post(f"{url}/unset-transition", json={"model_name": "ecs::task"}, timeout=PATIENCE).raise_for_status()


def inputs(**more: Json) -> TaskInputs:
    given = {"cluster": "demo-x", "task_definition": "migrate", "container": "migrate", "interval": "1s", **more}
    return TaskInputs.model_validate(given)


def tasks() -> list[dict[str, object]]:
    found = ecs_backends[ACCOUNT][REGION].tasks.get("demo-x", {}).values()
    return [{"overrides": each.overrides, "status": each.desired_status, "tags": each.tags} for each in found]


def ends_with(code: int) -> None:
    """Let every container that there is have ended with this code."""
    for task in ecs_backends[ACCOUNT][REGION].tasks["demo-x"].values():
        task.containers[0].exitCode = code


def kept(record: TaskRecord | None) -> Json:
    return record.model_dump(mode="json") if record is not None else None


@pytest.mark.sample
def test_a_task_runs_to_its_end_once(around: Surroundings, cluster: str) -> None:
    wanted = inputs(command=["migrate", "up"], environment={"MODE": "demo"})
    begun = kept(KIND.may_leave(wanted, around.context()))
    applied = KIND.apply(wanted, around.context(begun))
    assert applied.outputs[ParameterName("exit_code")] == 0
    assert applied.evidence == "`migrate` exited with code 0"
    for previous in (begun, kept(applied.undo)):
        assert KIND.apply(wanted, around.context(previous)).outputs == applied.outputs
    override = {"name": "migrate", "command": ["migrate", "up"], "environment": [{"name": "MODE", "value": "demo"}]}
    [task] = tasks()
    assert task["overrides"] == {"containerOverrides": [override]}
    assert task["tags"] == [{"key": "envclone:step", "value": "demo-x/extra"}]
    assert KIND.check(wanted, around.context()).result == "unknown"


def test_other_inputs_run_another_task(around: Surroundings, cluster: str) -> None:
    applied = KIND.apply(inputs(), around.context())
    KIND.apply(inputs(command=["again"]), around.context(kept(applied.undo)))
    assert len(tasks()) == 2


def test_a_code_that_is_no_success_is_a_failure_and_the_next_try_runs_a_new_task(
    around: Surroundings, cluster: str
) -> None:
    begun = KIND.may_leave(inputs(), around.context())
    client = boto3.client("ecs", REGION)
    client.run_task(cluster="demo-x", taskDefinition="migrate", launchType="FARGATE", clientToken=begun.token)
    ends_with(3)  # killed after the task was started, which then failed
    with pytest.raises(HookFailed, match="exited with code 3") as failure:
        KIND.apply(inputs(), around.context(kept(begun)))
    assert len(tasks()) == 1
    assert isinstance(failure.value.undo, TaskRecord)
    assert KIND.apply(inputs(), around.context(kept(failure.value.undo))).outputs[ParameterName("exit_code")] == 0
    assert len(tasks()) == 2


def test_other_codes_may_be_declared_as_success(around: Surroundings, cluster: str) -> None:
    wanted = inputs(exit_codes=[0, 3])
    begun = KIND.may_leave(wanted, around.context())
    client = boto3.client("ecs", REGION)
    client.run_task(cluster="demo-x", taskDefinition="migrate", launchType="FARGATE", clientToken=begun.token)
    ends_with(3)
    assert KIND.apply(wanted, around.context(kept(begun))).outputs[ParameterName("exit_code")] == 3


@pytest.mark.usefixtures("running")
def test_a_task_that_runs_on_is_stopped_when_the_steps_time_is_over(around: Surroundings) -> None:
    with pytest.raises(OutOfTime, match="The time ran out while waiting for the task") as failure:
        KIND.apply(inputs(), around.context(seconds=1.5))
    assert [task["status"] for task in tasks()] == ["STOPPED"]
    assert isinstance(failure.value.undo, TaskRecord)
    assert failure.value.undo.has_failed


@pytest.mark.usefixtures("running")
def test_undo_stops_what_a_killed_run_left_running(around: Surroundings) -> None:
    begun = KIND.may_leave(inputs(), around.context())
    with pytest.raises(KeyboardInterrupt):
        KIND.apply(inputs(), _killed_once_started(around, kept(begun)))
    assert [task["status"] for task in tasks()] == ["RUNNING"]
    assert KIND.undo(begun, around.context()) == "stopped 1 tasks that still ran"
    assert [task["status"] for task in tasks()] == ["STOPPED"]


def test_undo_runs_the_undo_command_once(around: Surroundings, cluster: str) -> None:
    applied = KIND.apply(inputs(command=["up"], undo_command=["down"]), around.context())
    assert applied.undo is not None
    for _ in range(2):
        assert KIND.undo(applied.undo, around.context()).endswith("`migrate` ended well with its undo command")
    commands = [task["overrides"] for task in tasks()]
    assert commands == [
        {"containerOverrides": [{"name": "migrate", "command": command}]} for command in (["up"], ["down"])
    ]


def test_undo_in_a_cluster_that_is_gone_is_fine(around: Surroundings, aws: None) -> None:
    left = KIND.may_leave(inputs(), around.context())
    assert KIND.undo(left, around.context()) == "stopped 0 tasks that still ran"


def test_a_container_that_there_is_not_is_named(around: Surroundings, cluster: str) -> None:
    with pytest.raises(HookFailed, match="never ran `other`: it has no container `other`"):
        KIND.apply(inputs(container="other"), around.context())


def _killed_once_started(around: Surroundings, previous: Json) -> HookContext:
    def die(line: str) -> None:
        raise KeyboardInterrupt(line)

    return replace(around.context(previous), log=die)
