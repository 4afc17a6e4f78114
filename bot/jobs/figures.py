"""What a worker counts. Written down with every heartbeat; the web process shows it to Prometheus."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from bot.jobs.heard import DriftHeard, Heard, RunHeard
from bot.service.jobs_api import StepTimes


@dataclass(frozen=True, slots=True)
class JobsNow:
    """How many jobs wait to begin, for how long the oldest of them has waited, and how many are under way."""

    waiting: int
    running: int
    oldest: timedelta


class Figures:
    """A worker's counters, each with the replica's name."""

    def __init__(self, replica: str) -> None:
        self.replica = replica
        self._registry = CollectorRegistry()
        self._jobs = Counter(
            "envclone_jobs",
            "Finished jobs, by kind and outcome.",
            ["replica", "kind", "outcome"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "envclone_job_seconds",
            "Time from a job's last start to its end, including waits.",
            ["replica", "kind"],
            buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800),
            registry=self._registry,
        )
        self._steps = Histogram(
            "envclone_step_seconds",
            "Time of one attempt at a step, by what came of it.",
            ["replica", "kind", "step", "outcome"],
            buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
            registry=self._registry,
        )
        self._answers = Histogram(
            "envclone_answer_seconds",
            "Time from when a comment was written to when its job ended: for a clone, to its open pull request.",
            ["replica", "kind"],
            buckets=(1, 2.5, 5, 10, 30, 60, 300, 1800, 7200),
            registry=self._registry,
        )
        self._requests = Gauge(
            "envclone_github_requests_remaining",
            "Requests that GitHub still takes within the hour, by owner, as it said last.",
            ["replica", "owner"],
            registry=self._registry,
        )
        self._retries = Counter(
            "envclone_retries",
            "Steps postponed because of a rate limit or a failure.",
            ["replica", "reason"],
            registry=self._registry,
        )
        self._dispatched = Counter(
            "envclone_dispatched", "Processed deliveries, by outcome.", ["replica", "outcome"], registry=self._registry
        )
        self._recovered = Counter(
            "envclone_recovered", "Jobs taken over from dead replicas.", ["replica"], registry=self._registry
        )
        self._runs = Counter(
            "envclone_runs",
            "Runs of the workflows in GitHub Actions that ended, by outcome.",
            ["replica", "workflow", "outcome"],
            registry=self._registry,
        )
        self._run_seconds = Histogram(
            "envclone_run_seconds",
            "Time from such a run's start to when the service heard of its end.",
            ["replica", "workflow"],
            buckets=(15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 10800),
            registry=self._registry,
        )
        self._run_steps = Histogram(
            "envclone_run_step_seconds",
            "Time of a step of such a run, by how it ended. GitHub counts whole seconds.",
            ["replica", "workflow", "step", "conclusion"],
            buckets=(1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600),
            registry=self._registry,
        )
        self._drift = Counter(
            "envclone_drift",
            "Environments that were looked at for drift, by what was found.",
            ["replica", "outcome"],
            registry=self._registry,
        )
        self._expiry = Counter(
            "envclone_expiry",
            "What was done about clones whose time is near or over.",
            ["replica", "outcome"],
            registry=self._registry,
        )
        self._state = Gauge("envclone_jobs_now", "Jobs by state.", ["replica", "state"], registry=self._registry)
        self._oldest = Gauge(
            "envclone_jobs_oldest_seconds",
            "Age of the oldest job that waits to begin.",
            ["replica"],
            registry=self._registry,
        )

    def ended(self, kind: str, outcome: str, seconds: float) -> None:
        """Count a job that ended."""
        self._jobs.labels(self.replica, kind, outcome).inc()
        self._seconds.labels(self.replica, kind).observe(seconds)

    def tried(self, kind: str, step: str, outcome: str, seconds: float) -> None:
        """Count an attempt at a step."""
        self._steps.labels(self.replica, kind, step, outcome).observe(seconds)

    def answered(self, kind: str, seconds: float) -> None:
        """Count a comment whose job ended. A clock that is behind GitHub's makes no negative time."""
        self._answers.labels(self.replica, kind).observe(max(0.0, seconds))

    def put_off(self, *, is_limit: bool) -> None:
        """Count a step that is tried again."""
        self._retries.labels(self.replica, "limit" if is_limit else "failure").inc()

    def dispatched(self, outcome: str) -> None:
        """Count a delivery that was settled."""
        self._dispatched.labels(self.replica, outcome).inc()

    def heard(self, what: Heard) -> None:
        """Count what a delivery said of a run in Actions."""
        match what:
            case RunHeard(workflow, outcome, seconds):
                self._runs.labels(self.replica, workflow, outcome).inc()
                self._run_seconds.labels(self.replica, workflow).observe(seconds)
            case DriftHeard(outcome):
                self._drift.labels(self.replica, outcome).inc()
            case _:
                assert_never(what)

    def stepped(self, times: Iterable[StepTimes]) -> None:
        """Count the steps of a run in Actions."""
        for each in times:
            series = self._run_steps.labels(self.replica, each.workflow, each.step, each.conclusion)
            for seconds in each.seconds:
                series.observe(seconds)

    def expired(self, outcome: str) -> None:
        """Count what was done about a clone's end."""
        self._expiry.labels(self.replica, outcome).inc()

    def recovered(self, jobs: int) -> None:
        """Count jobs that were taken over."""
        self._recovered.labels(self.replica).inc(jobs)

    def now(self, jobs: JobsNow) -> None:
        """Set how many jobs are in each state, and how long the oldest has waited."""
        self._state.labels(self.replica, "waiting").set(jobs.waiting)
        self._state.labels(self.replica, "running").set(jobs.running)
        self._oldest.labels(self.replica).set(jobs.oldest.total_seconds())

    def remaining(self, requests: Mapping[str, int]) -> None:
        """Set how many requests GitHub still takes, by owner."""
        for owner, count in requests.items():
            self._requests.labels(self.replica, owner).set(count)

    def text(self) -> str:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry).decode()
