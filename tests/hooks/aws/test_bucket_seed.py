"""`aws.bucket-seed` against moto: each verb, twice, and half done."""

import uuid
from typing import Any

import boto3
import pytest

from bot.hooks.aws.bucket_seed import AwsBucketSeed, SeedInputs
from bot.hooks.kind import HookFailed, VerifyFailed
from bot.model.pipeline import Json
from bot.names import ParameterName
from tests.hooks.conftest import Surroundings
from tests.support.cloud import REGION

KIND = AwsBucketSeed()


@pytest.fixture(params=["versioned", "unversioned"])
def bucket(request: pytest.FixtureRequest, aws: None) -> str:
    name = f"seed-{uuid.uuid4().hex[:12]}"
    client = boto3.client("s3", region_name=REGION)
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    if request.param == "versioned":
        client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


@pytest.fixture(autouse=True)
def seed(around: Surroundings) -> None:
    directory = around.directory / "seed"
    (directory / "deep").mkdir(parents=True)
    (directory / "index.html").write_text("<h1>Hello</h1>")
    (directory / "deep" / "data.bin").write_bytes(b"\0\1\2")


def inputs(bucket: str, prefix: str = "site/") -> SeedInputs:
    return SeedInputs(bucket=bucket, directory="seed", prefix=prefix)


def present(bucket: str) -> list[str]:
    found = boto3.client("s3", region_name=REGION).list_object_versions(Bucket=bucket)
    marks = [f"-{each['Key']}" for each in found.get("DeleteMarkers", [])]
    return sorted([each["Key"] for each in found.get("Versions", [])] + marks)


def record(applied: Any) -> Json:
    return applied.undo.model_dump(mode="json")  # type: ignore[no-any-return]


@pytest.mark.sample
def test_files_are_put_once(around: Surroundings, bucket: str) -> None:
    assert KIND.check(inputs(bucket), around.context()).result == "would_change"
    first = KIND.apply(inputs(bucket), around.context())
    assert present(bucket) == ["site/deep/data.bin", "site/index.html"]
    assert KIND.check(inputs(bucket), around.context()).result == "already_so"
    second = KIND.apply(inputs(bucket), around.context(record(first)))
    assert present(bucket) == ["site/deep/data.bin", "site/index.html"]
    assert (second.outputs, second.undo) == (first.outputs, first.undo)
    assert KIND.verify(inputs(bucket), around.context()) == f"{bucket} holds all of 2 objects"
    head = boto3.client("s3", region_name=REGION).head_object(Bucket=bucket, Key="site/index.html")
    assert head["ContentType"] == "text/html"


def test_a_changed_file_is_put_and_a_removed_one_deleted(around: Surroundings, bucket: str) -> None:
    first = KIND.apply(inputs(bucket), around.context())
    (around.directory / "seed" / "index.html").write_text("<h1>Bye</h1>")
    (around.directory / "seed" / "deep" / "data.bin").unlink()
    second = KIND.apply(inputs(bucket), around.context(record(first)))
    assert set(present(bucket)) == {"site/index.html"}
    KIND.undo(KIND.record.model_validate(record(second)), around.context())
    assert present(bucket) == []


def test_undo_deletes_only_what_was_put_and_may_be_repeated(around: Surroundings, bucket: str) -> None:
    boto3.client("s3", region_name=REGION).put_object(Bucket=bucket, Key="site/theirs", Body=b"x")
    applied = KIND.apply(inputs(bucket), around.context())
    made = KIND.record.model_validate(record(applied))
    for _ in range(2):
        assert KIND.undo(made, around.context()).evidence == f"deleted 2 objects from {bucket}"
        assert present(bucket) == ["site/theirs"]


def test_undo_of_a_bucket_that_is_gone_is_fine(around: Surroundings, bucket: str) -> None:
    applied = KIND.apply(inputs(bucket), around.context())
    made = KIND.record.model_validate(record(applied))
    KIND.undo(made, around.context())
    boto3.client("s3", region_name=REGION).delete_bucket(Bucket=bucket)
    KIND.undo(made, around.context())


def test_killed_half_way_it_goes_on_and_knows_all_that_it_put(around: Surroundings, bucket: str) -> None:
    moved = around.directory / "aside"
    (around.directory / "seed" / "index.html").rename(moved)
    KIND.apply(inputs(bucket), around.context())  # as though killed after the first object, its record lost
    moved.rename(around.directory / "seed" / "index.html")
    applied = KIND.apply(inputs(bucket), around.context())
    KIND.undo(KIND.record.model_validate(record(applied)), around.context())
    assert present(bucket) == []


def test_an_object_of_somebody_elses_is_never_overwritten(around: Surroundings, bucket: str) -> None:
    boto3.client("s3", region_name=REGION).put_object(Bucket=bucket, Key="site/index.html", Body=b"theirs")
    with pytest.raises(HookFailed, match="this step did not put it there") as failure:
        KIND.apply(inputs(bucket), around.context())
    assert failure.value.undo is not None
    KIND.undo(KIND.record.model_validate(failure.value.undo.model_dump()), around.context())
    assert present(bucket) == ["site/index.html"]


def test_undo_names_what_it_leaves_because_somebody_else_put_it(around: Surroundings, bucket: str) -> None:
    made = KIND.record.model_validate(record(KIND.apply(inputs(bucket), around.context())))
    boto3.client("s3", region_name=REGION).put_object(Bucket=bucket, Key="site/index.html", Body=b"theirs")
    undone = KIND.undo(made, around.context())
    assert [each.what for each in undone.remains] == [f"s3://{bucket}/{key}" for key in present(bucket)]


def test_what_was_deleted_by_hand_fails_verification(around: Surroundings, bucket: str) -> None:
    KIND.apply(inputs(bucket), around.context())
    boto3.client("s3", region_name=REGION).delete_object(Bucket=bucket, Key="site/index.html")
    with pytest.raises(VerifyFailed, match=r"site/index\.html"):
        KIND.verify(inputs(bucket), around.context())


@pytest.mark.parametrize("directory", ["../outside", "/etc", "seed/../../x", "absent", "link"])
def test_a_directory_outside_the_environment_is_refused(around: Surroundings, bucket: str, directory: str) -> None:
    (around.directory / "link").symlink_to("/etc")
    with pytest.raises(HookFailed):
        KIND.apply(SeedInputs(bucket=bucket, directory=directory), around.context())


def test_a_symlink_in_the_directory_is_refused(around: Surroundings, bucket: str) -> None:
    (around.directory / "seed" / "link").symlink_to("/etc/hostname")
    with pytest.raises(HookFailed, match="symlink"):
        KIND.apply(inputs(bucket), around.context())


def test_the_directory_is_what_it_reads() -> None:
    assert KIND.reads({ParameterName("directory"): "seed"}) == ("seed",)
