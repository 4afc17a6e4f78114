"""Corrections of RDS, S3 and SQS."""

import json
import threading
from typing import Any

from moto.rds.models import DBCluster
from moto.s3.responses import S3Response
from moto.sqs.models import Queue

from bot.sandbox.aws.corrections.correction import EmulatorCorrection, wrap


def _only_serverless_clusters_scale_capacity() -> None:
    def around(info: Any) -> Any:
        def corrected(self: DBCluster) -> dict[str, Any] | None:
            return dict(info.fget(self)) if self.engine_mode == "serverless" else None

        return property(corrected)

    wrap(DBCluster, "scaling_configuration_info", around)


def _attributes_are_compact_json() -> None:
    def around(attributes: Any) -> Any:
        def corrected(self: Queue) -> dict[str, Any]:
            answer: dict[str, Any] = attributes.fget(self)
            if self.redrive_policy:
                answer["RedrivePolicy"] = json.dumps(self.redrive_policy, separators=(",", ":"))
            return answer

        return property(corrected)

    wrap(Queue, "attributes", around)


def _conditional_writes_are_atomic() -> None:
    lock = threading.Lock()

    def around(request: Any) -> Any:
        def corrected(self: S3Response) -> Any:
            with lock:
                return request(self)

        return corrected

    wrap(S3Response, "put_object", around)
    wrap(S3Response, "delete_object", around)


CONDITIONAL_WRITES = EmulatorCorrection(
    "conditional writes are atomic",
    "Of several PutObject or DeleteObject with If-None-Match or If-Match that race for one key, S3 lets one succeed.",
    "moto compares first and writes then, in threads: two runs hold one lease.",
    _conditional_writes_are_atomic,
)

CORRECTIONS = (
    CONDITIONAL_WRITES,
    EmulatorCorrection(
        "only serverless clusters scale capacity",
        "DescribeDBClusters answers ScalingConfigurationInfo for Aurora Serverless v1 alone.",
        "Terraform plans to remove a scaling configuration that nobody asked for, for ever.",
        _only_serverless_clusters_scale_capacity,
    ),
    EmulatorCorrection(
        "queue attributes are compact JSON",
        "GetQueueAttributes answers the redrive policy without spaces.",
        "Terraform plans to take the spaces out, for ever.",
        _attributes_are_compact_json,
    ),
)
