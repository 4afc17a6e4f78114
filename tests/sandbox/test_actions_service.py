"""How a job asks for an identity token: GitHub's protocol, spoken as real actions speak it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import jwt
import pytest

from bot.sandbox.actions.service import ActionsService, JobId
from tests.support.patience import PATIENCE

PLAN, OTHER, VERIFY = (
    JobId("plan", '{"environment": "demo-x"}'),
    JobId("plan", '{"environment": "demo-y"}'),
    JobId("verify"),
)
KEY = "a key that is long enough for HMAC with SHA-256"


@dataclass
class Run:
    """A run whose job `plan` alone may ask; its tokens say for whom they are."""

    admitted: list[JobId] = field(default_factory=list)

    def admit(self, job: JobId) -> None:
        self.admitted.append(job)

    def may_identify(self, job: JobId) -> bool:
        return job.id == "plan"

    def identity(self, job: JobId, audience: str | None) -> str:
        return jwt.encode({"sub": job.matrix, "aud": audience or "the owner"}, KEY)

    def keep(self, name: str) -> int:
        return len(name)


@dataclass
class Runner:
    """The service with one run, and a client as a job is one."""

    service: ActionsService
    secret: str = "the run's secret"

    def begin(self, job: JobId) -> dict[str, str]:
        headers = {"Authorization": f"bearer {self.secret}", "X-Job": job.id, "X-Matrix": job.matrix}
        answer: dict[str, str] = httpx.post(
            f"{self.service.issuer.url}/jobs", headers=headers, json={}, timeout=PATIENCE
        ).json()
        return answer

    def ask(self, authorization: str, query: str = "") -> httpx.Response:
        url = f"{self.service.issuer.url}/token?api-version=2.0{query}"
        return httpx.get(url, headers={"Authorization": authorization} if authorization else {}, timeout=PATIENCE)


@pytest.fixture
def runner() -> Iterator[Runner]:
    service = ActionsService()
    service.start()
    service.desks["the run's secret"] = Run()
    yield Runner(service)
    service.stop()


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_request_token_is_taken_with_its_scheme_in_any_case_and_no_other_header(runner: Runner, scheme: str) -> None:
    token = runner.begin(PLAN)["request_token"]
    answer = runner.ask(f"{scheme} {token}", "&audience=sts.amazonaws.com")
    assert answer.status_code == 200
    claims = jwt.decode(answer.json()["value"], KEY, algorithms=["HS256"], audience="sts.amazonaws.com")
    assert claims["sub"] == PLAN.matrix


def test_an_audience_is_taken_as_it_was_quoted_and_need_not_be_given(runner: Runner) -> None:
    token = runner.begin(PLAN)["request_token"]
    quoted = runner.ask(f"Bearer {token}", "&audience=api%3A%2F%2FAzureADTokenExchange").json()["value"]
    none = runner.ask(f"Bearer {token}").json()["value"]
    audiences = [jwt.decode(value, options={"verify_signature": False})["aud"] for value in (quoted, none)]
    assert audiences == ["api://AzureADTokenExchange", "the owner"]


def test_each_job_has_a_token_of_its_own_which_speaks_for_that_job_alone(runner: Runner) -> None:
    tokens = [runner.begin(job)["request_token"] for job in (PLAN, OTHER)]
    assert tokens[0] != tokens[1]
    values = [runner.ask(f"Bearer {token}").json()["value"] for token in tokens]
    subjects = [jwt.decode(value, options={"verify_signature": False})["sub"] for value in values]
    assert subjects == [PLAN.matrix, OTHER.matrix]


def test_a_job_that_may_not_ask_is_given_no_token(runner: Runner) -> None:
    assert runner.begin(VERIFY) == {}


def test_nothing_but_a_request_token_of_a_run_under_way_is_answered(runner: Runner) -> None:
    token = runner.begin(PLAN)["request_token"]
    for wrong in ("", "Bearer", f"Basic {token}", f"Bearer {token}x", f"Bearer {runner.secret}", token):
        assert runner.ask(wrong).status_code == 401, wrong
    runner.service.desks.clear()
    assert runner.ask(f"Bearer {token}").status_code == 401
