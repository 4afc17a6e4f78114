"""Corrections of application autoscaling, ECS and Lambda."""

import json
from typing import Any, cast

from moto.applicationautoscaling.models import FakeScalableTarget
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.core.config import default_user_config
from moto.core.responses import ActionResult
from moto.ecs.responses import EC2ContainerServiceResponse

from bot.sandbox.aws.corrections.correction import AwsFunction, EmulatorCorrection, wrap


def _target(response: ApplicationAutoScalingResponse, arn: str) -> FakeScalableTarget | None:
    backend = response.applicationautoscaling_backend
    targets = (target for dimension in backend.targets.values() for target in dimension.values())
    return next((target for target in targets if target.arn == arn), None)


def _tags_of(target: FakeScalableTarget | None) -> dict[str, str]:
    tags: dict[str, str] = vars(target).setdefault("tags", {}) if target is not None else {}
    return tags


def _scalable_targets_have_tags() -> None:
    def around(register: AwsFunction) -> AwsFunction:
        def corrected(self: ApplicationAutoScalingResponse) -> str:
            answer: str = register(self)
            _tags_of(_target(self, json.loads(answer)["ScalableTargetARN"])).update(self._get_param("Tags") or {})
            return answer

        return corrected

    def list_tags_for_resource(self: ApplicationAutoScalingResponse) -> str:
        return json.dumps({"Tags": _tags_of(_target(self, self._get_param("ResourceARN")))})

    def tag_resource(self: ApplicationAutoScalingResponse) -> str:
        _tags_of(_target(self, self._get_param("ResourceARN"))).update(self._get_param("Tags"))
        return "{}"

    def untag_resource(self: ApplicationAutoScalingResponse) -> str:
        tags = _tags_of(_target(self, self._get_param("ResourceARN")))
        for key in self._get_param("TagKeys"):
            tags.pop(key, None)
        return "{}"

    wrap(ApplicationAutoScalingResponse, "register_scalable_target", around)
    added: tuple[AwsFunction, ...] = (list_tags_for_resource, tag_resource, untag_resource)
    for action in added:
        setattr(ApplicationAutoScalingResponse, action.__name__, action)


def _services_keep_what_they_are_given() -> None:
    def around(create: AwsFunction) -> AwsFunction:
        def corrected(self: EC2ContainerServiceResponse) -> ActionResult:
            answer: ActionResult = create(self)
            service = cast(dict[str, Any], answer.result)["service"]
            service.health_check_grace_period_seconds = self._get_int_param("healthCheckGracePeriodSeconds")
            service.availability_zone_rebalancing = self._get_param("availabilityZoneRebalancing") or "DISABLED"
            return answer

        return corrected

    wrap(EC2ContainerServiceResponse, "create_service", around)


def _a_token_starts_a_task_once() -> None:
    def around(run: AwsFunction) -> AwsFunction:
        def corrected(self: EC2ContainerServiceResponse) -> ActionResult:
            token = self._get_param("clientToken")
            cluster = self.ecs_backend._get_cluster(self._get_param("cluster", "default"))
            started: dict[tuple[str, str], Any] = vars(self.ecs_backend).setdefault("started_by_token", {})
            if (cluster.arn, token) in started:
                return ActionResult({"tasks": started[cluster.arn, token], "failures": []})
            answer: ActionResult = run(self)
            if token:
                started[cluster.arn, token] = cast(dict[str, Any], answer.result)["tasks"]
            return answer

        return corrected

    wrap(EC2ContainerServiceResponse, "run_task", around)


def _functions_answer_without_docker() -> None:
    default_user_config["lambda"]["use_docker"] = False

    def around(invoke: AwsFunction) -> AwsFunction:
        def corrected(self: LambdaSimpleBackend, function_name: str, *rest: Any) -> bytes:
            self.get_function(function_name, rest[0])
            answer: bytes = invoke(self, function_name, *rest)
            return answer

        return corrected

    wrap(LambdaSimpleBackend, "invoke", around)


CORRECTIONS = (
    EmulatorCorrection(
        "a token starts a task once",
        "RunTask with a client token that was used before answers the task that it started then.",
        "A run that was killed and is run again starts a second task.",
        _a_token_starts_a_task_once,
    ),
    EmulatorCorrection(
        "functions answer without Docker",
        "Invoke of a function answers; of one that does not exist it is refused. What a function answers here is what it was given.",
        "The sandbox would need Docker, and a function that was never made would answer.",
        _functions_answer_without_docker,
    ),
    EmulatorCorrection(
        "services keep what they are given",
        "DescribeServices answers the health check's grace period and the rebalancing that a service was created with.",
        "Terraform plans to set both again, for ever.",
        _services_keep_what_they_are_given,
    ),
    EmulatorCorrection(
        "scalable targets have tags",
        "RegisterScalableTarget takes tags; TagResource, UntagResource and ListTagsForResource keep and answer them.",
        "The call is unknown, and an apply fails on it.",
        _scalable_targets_have_tags,
    ),
)
