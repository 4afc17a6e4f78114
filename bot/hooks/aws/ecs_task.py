"""`aws.ecs-task`: run a container task to its end, and look at its exit code."""

import uuid
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from bot.hooks.aws.session import OWNER_TAG, Aws, AwsRecord, awaited, speaking, unless
from bot.hooks.kind import AppliedHook, HookCheck, HookContext, HookFailed, HookKind, HookModel, OutOfTime
from bot.model.duration import Duration
from bot.model.duration import parse as _duration
from bot.model.pipeline import Json
from bot.names import ParameterName, shown

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.type_defs import ContainerOverrideTypeDef, TaskTypeDef

_NAMES = uuid.UUID("5f2c6f1e-0f0c-5a6f-8a7e-3d5f3e1c9b77")
_NO_CLUSTER = frozenset({"ClusterNotFoundException"})


class TaskRun(HookModel):
    """A task as it is run."""

    cluster: Annotated[str, Field(min_length=1, description="The cluster's name or ARN.")]
    task_definition: Annotated[str, Field(min_length=1, description="Family, `family:revision` or ARN.")]
    container: Annotated[str, Field(min_length=1, description="The container whose exit code counts.")]
    command: Annotated[tuple[str, ...], Field(description="In place of the container's own command.")] = ()
    environment: dict[str, str] = Field(
        default_factory=dict, description="Added to the container's own variables; no place for secrets."
    )
    launch_type: Literal["FARGATE", "EC2", "EXTERNAL"] = "FARGATE"
    subnets: Annotated[tuple[str, ...], Field(description="For tasks with a network of their own (`awsvpc`).")] = ()
    security_groups: tuple[str, ...] = ()
    public_ip: bool = False
    exit_codes: Annotated[tuple[int, ...], Field(min_length=1, description="Those that mean success.")] = (0,)
    interval: Annotated[Duration, Field(description="Between two looks.")] = _duration("5s")


class TaskInputs(TaskRun):
    """What is run, and what takes it back."""

    undo_command: Annotated[
        tuple[str, ...],
        Field(description="The command that undoes what the task did; required unless `undo: {none: …}`."),
    ] = ()


class TaskRecord(AwsRecord):
    """What was run (as a digest) under which token, how it ended, and what takes it back."""

    cluster: str
    digest: str
    token: str
    has_failed: bool = False
    task_arn: str | None = None
    exit_code: int | None = None
    undo: TaskRun | None = None


class AwsEcsTask(HookKind[TaskInputs, TaskRecord]):
    """Runs a task of ECS, waits until it has stopped, and succeeds if the container's exit code means success.

    The token that starts the task is in the ledger before the start, so the run after one that was killed finds the task
    and doesn't start a second one; AWS remembers tokens for a day. After a failure the next attempt starts a new task. A
    task that is still running when the step's time is over is stopped.

    Undo stops the task if it still runs, and runs it with `undo_command`. A task that leaves nothing behind is
    declared with `undo: {none: <reason>}`.
    """

    name = "aws.ecs-task"
    inputs = TaskInputs
    record = TaskRecord
    outputs: ClassVar[Mapping[ParameterName, str]] = {
        ParameterName("task_arn"): "The task that ran.",
        ParameterName("exit_code"): "The container's exit code.",
    }

    def check(self, inputs: TaskInputs, context: HookContext) -> HookCheck:
        return HookCheck("unknown", "not asked: what a task does shows only when it is run, and a check must not")

    def apply(self, inputs: TaskInputs, context: HookContext) -> AppliedHook[TaskRecord]:
        aws = Aws.to_change(context)
        record = self.may_leave(inputs, context)
        if record.exit_code is not None and record.task_arn is not None:
            return AppliedHook(
                _outputs(record), f"{shown(inputs.task_definition)} ran before with these inputs", record
            )
        try:
            ended = _run(aws.ecs(), inputs, record.token, context)
        except HookFailed as failure:
            failure.undo = record.model_copy(update={"has_failed": True})
            raise
        record = record.model_copy(update={"task_arn": ended[0], "exit_code": ended[1]})
        return AppliedHook(_outputs(record), f"{shown(inputs.task_definition)} exited with code {ended[1]}", record)

    def verify(self, inputs: TaskInputs, context: HookContext) -> str:
        return ""  # the exit code was the verification; AWS forgets a stopped task after an hour

    def undo(self, record: TaskRecord, context: HookContext) -> str:
        client = record.account().ecs()
        stopped = _stopped(client, record.cluster, record.token)
        if record.undo is None:
            return f"stopped {stopped} tasks that still ran"
        # The same for every try of this undo, and another than that of any undo before.
        _run(client, record.undo, str(uuid.uuid5(_NAMES, record.token)), context)
        return f"stopped {stopped} tasks that still ran; {shown(record.undo.task_definition)} ended well with its undo command"

    def may_leave(self, inputs: TaskInputs, context: HookContext) -> TaskRecord:
        aws = Aws.of(context)
        digest = context.digest(inputs.model_dump(mode="json"))
        previous = TaskRecord.model_validate(context.previous) if context.previous else None
        if previous is not None and previous.digest == digest and not previous.has_failed:
            return previous
        undo = TaskRun(**{**inputs.model_dump(exclude={"undo_command"}), "command": inputs.undo_command})
        return TaskRecord(
            account_id=aws.account_id,
            region=aws.region,
            cluster=inputs.cluster,
            digest=digest,
            token=str(uuid.uuid4()),
            undo=undo if inputs.undo_command else None,
        )

    def can_undo(self, given: Collection[ParameterName]) -> bool:
        return "undo_command" in given


def _outputs(record: TaskRecord) -> dict[ParameterName, Json]:
    return {ParameterName("task_arn"): record.task_arn, ParameterName("exit_code"): record.exit_code}


def _run(client: "ECSClient", run: TaskRun, token: str, context: HookContext) -> tuple[str, int]:
    """Run the task to its end, or find the one that the token started, and return its ARN and exit code."""
    arn = _started(client, run, token, context.owner)
    context.log(f"waiting for the task {arn}")

    def stopped() -> "TaskTypeDef | None":
        with speaking("a look at the task"):
            found = client.describe_tasks(cluster=run.cluster, tasks=[arn])["tasks"]
        if not found:
            raise HookFailed(f"ECS no longer knows {arn}: the task's logs say how it ended.", is_final=True)
        return found[0] if found[0].get("lastStatus") == "STOPPED" else None

    try:
        task = awaited(f"the task {arn} to end", stopped, context, run.interval)
    except OutOfTime:
        _stopped(client, run.cluster, token)
        raise
    code = next((each.get("exitCode") for each in task["containers"] if each.get("name") == run.container), None)
    if code is None:
        reason = task.get("stoppedReason") or f"it has no container {shown(run.container)}"
        raise HookFailed(f"The task {arn} never ran {shown(run.container)}: {reason}")
    if code not in run.exit_codes:
        raise HookFailed(f"{shown(run.container)} of the task {arn} exited with code {code}.")
    return arn, code


def _started(client: "ECSClient", run: TaskRun, token: str, owner: str) -> str:
    override: ContainerOverrideTypeDef = {"name": run.container}
    if run.command:
        override["command"] = [*run.command]
    if run.environment:
        override["environment"] = [{"name": name, "value": value} for name, value in sorted(run.environment.items())]
    network = {
        "subnets": [*run.subnets],
        "securityGroups": [*run.security_groups],
        "assignPublicIp": "ENABLED" if run.public_ip else "DISABLED",
    }
    with speaking(f"the start of {shown(run.task_definition)}"):
        answer = client.run_task(
            cluster=run.cluster,
            taskDefinition=run.task_definition,
            launchType=run.launch_type,
            count=1,
            clientToken=token,
            startedBy=token,
            overrides={"containerOverrides": [override]},
            tags=[{"key": OWNER_TAG, "value": owner}],
            **({"networkConfiguration": {"awsvpcConfiguration": network}} if run.subnets else {}),  # type: ignore[arg-type]
        )
    if not answer["tasks"]:
        reasons = ", ".join(str(each.get("reason")) for each in answer["failures"])
        raise HookFailed(f"ECS could not place {shown(run.task_definition)}: {reasons or 'no reason given'}")
    return answer["tasks"][0]["taskArn"]


def _stopped(client: "ECSClient", cluster: str, token: str) -> int:
    """Stop what the token started and still runs, and return how many tasks that were."""
    found = unless(_NO_CLUSTER, "the list of tasks", lambda: client.list_tasks(cluster=cluster, startedBy=token))
    arns = found["taskArns"] if found is not None else []
    for arn in arns:
        with speaking("the end of a task"):
            client.stop_task(cluster=cluster, task=arn, reason="envclone: the step's time is over, or it is undone")
    return len(arns)
