"""What many tests begin with, made once in a run of all tests and copied from then on, for a plan costs seconds of processor time."""

import fcntl
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import boto3

from tests.support.monorepo import Monorepo


@dataclass(frozen=True)
class Fixtures:
    """A directory that all workers of a run share: a monorepo, the objects in its bucket, and the head that was reviewed."""

    directory: Path

    def take(self, repo: Monorepo, make: Callable[[], str]) -> str:
        """Let `repo` and its bucket be as `make` leaves them, and return the head that it returned."""
        self.directory.mkdir(exist_ok=True)
        with (self.directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (self.directory / "head").exists():
                self._keep(repo, make())
        return self._copy(repo)

    def _keep(self, repo: Monorepo, head: str) -> None:
        shutil.copytree(repo.root, self.directory / "monorepo")
        s3 = boto3.client("s3")
        for item in s3.list_objects_v2(Bucket=repo.bucket)["Contents"]:
            place = self.directory / "bucket" / item["Key"]
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(s3.get_object(Bucket=repo.bucket, Key=item["Key"])["Body"].read())
        (self.directory / "head").write_text(head)

    def _copy(self, repo: Monorepo) -> str:
        shutil.rmtree(repo.root)
        shutil.copytree(self.directory / "monorepo", repo.root)
        bucket = self.directory / "bucket"
        for place in bucket.rglob("*"):
            if place.is_file():
                key = place.relative_to(bucket).as_posix()
                boto3.client("s3").put_object(Bucket=repo.bucket, Key=key, Body=place.read_bytes())
        repo.git("status")  # the copies are other files to git's index until it has looked at them
        return (self.directory / "head").read_text()
