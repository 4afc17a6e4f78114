"""What a plan job leaves for the job that may write to GitHub: what to say of one environment, and nothing that is acted upon.

The plan job runs code of a pull request beside credentials, so it has no token that writes. Its report is read as what it is,
somebody else's text: of a known form, of a known size, about the environment and commit that were to be planned.
"""

from typing import Annotated, Literal

from pydantic import Field, ValidationError

from bot.core.plans.review import CommitSha
from bot.errors import Unverifiable
from bot.model.base import Document
from bot.names import EnvironmentName

FILE = "report.json"
LARGEST = 600_000
"""Bytes. Three texts that GitHub takes, 65,536 characters each, written as JSON."""

_OURS = "<!-- envclone:"
_Text = Annotated[str, Field(max_length=65_536)]


class ReportedCheck(Document):
    """A check run to be written."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    summary: _Text
    conclusion: Literal["success", "failure"]


class JobReport(Document):
    """What is to be said of an environment's plan at a commit."""

    format: Literal[1] = 1
    environment: EnvironmentName
    commit: CommitSha
    comment: _Text
    plan: ReportedCheck
    parity: ReportedCheck | None = None


def write_job_report(report: JobReport) -> bytes:
    """Return the report as it is left."""
    return report.model_dump_json(indent=2).encode()


def read_job_report(data: bytes, environment: EnvironmentName, commit: str, marker: str) -> JobReport:
    """Return a report, which must be of this environment and commit; `marker` is that of its comment. Raises `Unverifiable`."""
    if len(data) > LARGEST:
        raise Unverifiable(f"The report of {environment} has {len(data):,} bytes; at most {LARGEST:,} are posted.")
    try:
        report = JobReport.model_validate_json(data)
    except ValidationError as error:
        raise Unverifiable(f"The report of {environment} can't be read. Run the plan again.") from error
    if (report.environment, report.commit) != (environment, commit):
        raise Unverifiable(f"The report of {environment} is about something else. Run the plan again.")
    # By such a line a comment is found again: with another's in it, it would be taken for that one.
    if _OURS in report.comment.replace(marker, ""):
        raise Unverifiable(f"The report of {environment} contains another comment's marker, so it is not posted.")
    return report
