"""Certificates that are looked at again: by git and the clock alone, on the sandbox's GitHub."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.clients.git.checkout import Checkout
from bot.clients.github import GitHub, Token
from bot.clients.objects.directory import DirectoryStore
from bot.core.hcl.local_modules import code_id
from bot.core.parity.certificate import Certificate, CertifiedSubject, certificate_key, certify, kept, write_certificate
from bot.core.parity.report import Difference, Parity
from bot.core.tree import File
from bot.model.environment import Waiver
from bot.names import EnvironmentName, Login, RepositoryName
from bot.runs.plan.recertify import recertify, said
from bot.runs.reviewed_commit import OnGitHub
from bot.sandbox.github import GitHubServer
from tests.support.monorepo import Monorepo
from tests.support.product import NAME

REPOSITORY = RepositoryName("acme/infrastructure")
CHECK = "envclone/parity: demo-x"
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
WAIVER = Waiver(
    what="network/terraform_data.main:input",
    reason="The customer's own name for it.",
    owner=Login("alice"),
    expires_at=NOW + timedelta(days=1),
)


@dataclass
class Place:
    """A repository whose clone `demo-x` is merged and certified, with one difference that a waiver lets pass."""

    monorepo: Monorepo
    server: GitHubServer
    on: OnGitHub
    commit: str
    store: DirectoryStore
    remote: str

    def certify(self) -> Certificate:
        """Certify the clone as it is committed, as its plan does."""
        self.monorepo.git("push", "-q", "-f", self.remote, "HEAD:refs/heads/main")
        self.commit = self.monorepo.git("rev-parse", "HEAD").strip()
        checkout = Checkout(self.monorepo.root)
        clone, source = (code_id(checkout.code(EnvironmentName(name))) for name in ("demo-x", "production"))
        subject = CertifiedSubject(self.commit, clone, self.commit, source, NAME, self.monorepo.template.revision)
        waived = Difference("changed", "network/terraform_data.main", "input", "a", "b", waiver=WAIVER)
        parity = Parity(EnvironmentName("demo-x"), EnvironmentName("production"), "plan", 100, (waived,))
        certificate = certify(parity, (), subject, NOW)
        self.store.write(certificate_key(certificate.environment, self.commit), write_certificate(certificate))
        return certificate

    def lapsed(self, now: datetime) -> list[str]:
        [found] = recertify(Checkout(self.monorepo.root), self.on, lambda manifest: self.store, now)
        return list(found.lapsed)

    def check(self) -> tuple[str | None, str]:
        [found] = [check for check in self.server.checks(REPOSITORY, self.commit) if check.name == CHECK]
        return found.conclusion, found.output.title or ""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    monorepo = Monorepo.create(tmp_path / "monorepo", "state-bucket")
    monorepo.add("production")
    monorepo.add("demo-x", source="production")
    server = GitHubServer(tmp_path / "github")
    server.create_repository(REPOSITORY)
    server.add_user("ana", REPOSITORY, "admin")
    with server.running() as url:
        login = f"ana:{server.token('ana')}"
        remote = f"{url.replace('://', f'://{login}@')}/{REPOSITORY}.git"
        token = server.workflow_token(REPOSITORY, {"contents": "read", "checks": "write", "pull_requests": "read"})
        on = OnGitHub(GitHub(Token(token, "github-actions[bot]"), api_url=f"{url}/api/v3"), REPOSITORY)
        place = Place(monorepo, server, on, "", DirectoryStore(tmp_path / "store"), remote)
        certificate = place.certify()
        on.github.put_check(REPOSITORY, place.commit, CHECK, said(certificate))
        yield place


@pytest.mark.whole
def test_a_certificate_stops_holding_when_a_waiver_expires_though_nothing_was_merged(place: Place) -> None:
    assert place.lapsed(NOW + timedelta(hours=23)) == []
    conclusion, title = place.check()
    assert conclusion == "success"
    assert re.fullmatch(r"No unexplained difference from production( \(\d+ explained\))?, by plan", title)
    assert place.lapsed(NOW + timedelta(hours=25)) == ["a waiver expired on 2026-03-05"]
    assert place.check() == ("failure", "Certificate no longer valid: demo-x against production")


def test_a_certificate_stops_holding_when_a_module_of_the_clone_changes(place: Place) -> None:
    monorepo = place.monorepo
    call = b'module "names" {\n  source = "../../../modules/names"\n}\n'
    monorepo.put("modules/names", {"main.tf": File(b'output "name" {\n  value = "one"\n}\n')})
    monorepo.put("envs/demo-x/network", {"names.tf": File(call)})
    monorepo.commit("A module")
    place.certify()
    assert place.lapsed(NOW) == []
    monorepo.put("modules/names", {"main.tf": File(b'output "name" {\n  value = "two"\n}\n')})
    monorepo.commit("Another name")
    assert place.lapsed(NOW) == [f"`demo-x` has changed since `{place.commit[:12]}`"]


def test_a_check_that_any_workflow_may_write_certifies_nothing(place: Place) -> None:
    name = EnvironmentName("demo-x")
    held = place.store.read(certificate_key(name, place.commit))
    assert held is not None
    certificate = kept(held.data, name)
    assert certificate is not None
    forged = certificate.model_copy(update={"holds_until": None, "issued_at": NOW + timedelta(days=1)})
    place.on.github.put_check(REPOSITORY, place.commit, CHECK, said(forged))
    assert place.lapsed(NOW + timedelta(hours=25)) == ["a waiver expired on 2026-03-05"]
    assert place.check()[0] == "failure"
    place.store.write(certificate_key(name, place.commit), b"{}")
    assert recertify(Checkout(place.monorepo.root), place.on, lambda manifest: place.store, NOW) == []
