"""Law 9 for the kinds that make things in AWS: killed at any of its requests, a step is finished, or taken back, as if by one run.

A kill is a `BaseException` right after a request was answered, so that its effect is there and nobody has noted it. A kill
after a request that only reads leaves what a kill after the one before it leaves, so those are passed over. The record is
the one that the ledger holds from the moment the step begins.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import boto3
import httpx
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.httpsession import URLLib3Session
from moto.rds.models import rds_backends
from moto.route53.models import route53_backends
from moto.s3.models import s3_backends
from moto.ssm.models import ssm_backends

from bot.hooks.registry import AnyKind, kinds
from bot.model.pipeline import Json
from bot.sandbox.tls import tls
from tests.hooks.conftest import Surroundings
from tests.support.cloud import ACCOUNT, REGION
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.usefixtures("aws")
World = list[str]


class Killed(BaseException):
    """The process is gone."""


@dataclass(frozen=True)
class Scenario:
    """A kind at work: what there is before, what it is given, and what of the world it may change."""

    prepare: Callable[[Surroundings], dict[str, Json]]
    world: Callable[[], World]


def _parameters() -> World:
    found = ssm_backends[ACCOUNT][REGION]._parameters
    mine = {name: found[name][-1] for name in found if name.startswith(("/demo-x", "/shop", "/other"))}
    return sorted(f"{name} = {each.value}, put {each.version} times" for name, each in mine.items())


def _objects() -> World:
    keys = s3_backends[ACCOUNT]["aws"].buckets["seeded-bucket"].keys
    return sorted(f"{key} = {each.value!r}" for key in keys for each in keys.getlist(key))


def _records() -> World:
    zones = route53_backends[ACCOUNT]["aws"].zones.values()
    return sorted(f"{each.type} {each.name} {each.records}" for zone in zones for each in zone.rrsets)


def _databases() -> World:
    backend = rds_backends[ACCOUNT][REGION]
    found = (*backend.cluster_snapshots, *backend.clusters, *backend.databases)
    return sorted(name for name in found if not name.startswith("rds:"))  # moto leaves automated snapshots behind


def _given_parameters(around: Surroundings) -> dict[str, Json]:
    boto3.client("ssm", REGION).put_parameter(Name="/other", Value="theirs", Type="String")
    return {"path": "/demo-x", "values": {"a": 1, "b": 2}}


def _given_copies(around: Surroundings) -> dict[str, Json]:
    for name in ("a", "b"):
        boto3.client("ssm", REGION).put_parameter(Name=f"/shop/{name}", Value=name, Type="String")
    return {"source_path": "/shop", "target_path": "/demo-x", "names": ["a", "b"]}


def _given_bucket(around: Surroundings) -> dict[str, Json]:
    client = boto3.client("s3", REGION)
    client.create_bucket(Bucket="seeded-bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    client.put_bucket_versioning(Bucket="seeded-bucket", VersioningConfiguration={"Status": "Enabled"})
    client.put_object(Bucket="seeded-bucket", Key="other", Body=b"theirs")
    (around.directory / "seed").mkdir(exist_ok=True)
    for name in ("a", "b"):
        (around.directory / "seed" / name).write_text(name)
    return {"bucket": "seeded-bucket", "directory": "seed"}


def _given_zone(around: Surroundings) -> dict[str, Json]:
    boto3.client("route53", REGION).create_hosted_zone(Name="clones.example", CallerReference="x")
    return {"domain": "demo-x.clones.example", "name_servers": ["ns-1.example", "ns-2.example"]}


def _given_snapshot(around: Surroundings) -> dict[str, Json]:
    client = boto3.client("rds", REGION)
    client.create_db_cluster(
        DBClusterIdentifier="shop",
        Engine="aurora-postgresql",
        MasterUsername="shop",
        MasterUserPassword="not-secret-here",
    )
    client.create_db_cluster_snapshot(DBClusterIdentifier="shop", DBClusterSnapshotIdentifier="shop-1")
    key = boto3.client("kms", REGION).create_key()["KeyMetadata"]["Arn"]
    return {"latest_of": "shop", "copy_id": "copy", "kms_key_id": key, "interval": "1s", "restore": {"id": "restored"}}


SCENARIOS = {
    "aws.parameter": Scenario(_given_parameters, _parameters),
    "aws.parameter-copy": Scenario(_given_copies, _parameters),
    "aws.bucket-seed": Scenario(_given_bucket, _objects),
    "aws.dns-delegation": Scenario(_given_zone, _records),
    "aws.rds-snapshot": Scenario(_given_snapshot, _databases),
}


QUICKEST = "aws.dns-delegation"


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name == QUICKEST else pytest.mark.exhaustive) for name in SCENARIOS]
)
def test_law_9_killed_after_any_request_a_step_is_finished_or_taken_back_as_if_by_one_run(
    name: str, around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, scenario = kinds()[name], SCENARIOS[name]
    before, given = _fresh(scenario, around)
    with _killed_after(monkeypatch, None) as requests:
        kind.apply(kind.inputs.model_validate(given), around.context())
    once = scenario.world()
    assert once != before
    assert requests
    for number in range(1, len(requests) + 1):
        before, given = _fresh(scenario, around)
        record = _killed(monkeypatch, kind, given, around, number)
        undone = kind.undo(kind.record.model_validate(record), around.context())
        assert scenario.world() == before, f"undo after a kill at {requests[number - 1]}: {undone}"

        before, given = _fresh(scenario, around)
        record = _killed(monkeypatch, kind, given, around, number)
        applied = kind.apply(kind.inputs.model_validate(given), around.context(record))
        assert scenario.world() == once, f"again after a kill at {requests[number - 1]}"
        kind.undo(applied.undo, around.context())
        assert scenario.world() == before


def _fresh(scenario: Scenario, around: Surroundings) -> tuple[World, dict[str, Json]]:
    """Empty the cloud, prepare it, and return the world and the inputs."""
    httpx.post(
        f"{boto3.client('sts', REGION).meta.endpoint_url}/moto-api/reset", verify=tls(), timeout=PATIENCE
    ).raise_for_status()
    given = scenario.prepare(around)
    return scenario.world(), given


def _killed(
    monkeypatch: pytest.MonkeyPatch, kind: AnyKind, given: dict[str, Json], around: Surroundings, number: int
) -> Json:
    """Kill an apply after its request of that number, and return the record that the ledger held."""
    inputs = kind.inputs.model_validate(given)
    left = kind.may_leave(inputs, around.context())
    assert left is not None
    record: Json = left.model_dump(mode="json")
    with _killed_after(monkeypatch, number), pytest.raises(Killed):
        kind.apply(inputs, around.context(record))
    return record


@contextmanager
def _killed_after(monkeypatch: pytest.MonkeyPatch, number: int | None) -> Iterator[list[str]]:
    """Let the process die after so many requests that change something; yield what they were."""
    seen: list[str] = []
    send = URLLib3Session.send

    def counted(self: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
        answer = send(self, request)
        if not _reads(request):
            seen.append(f"{request.method} {request.url} {request.headers.get('X-Amz-Target', '')!r}")
            if len(seen) == number:
                raise Killed
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(URLLib3Session, "send", counted)
        yield seen


def _reads(request: AWSPreparedRequest) -> bool:
    """Say whether a request changes nothing, by what AWS calls it in each of its protocols."""
    target, body = _text(request.headers.get("X-Amz-Target")), _text(request.body)
    action = target.partition(".")[2] if target else body.partition("Action=")[2]
    return request.method in {"GET", "HEAD"} or action.startswith(("Get", "Describe", "List"))


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value or "")
