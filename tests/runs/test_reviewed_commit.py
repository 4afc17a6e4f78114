"""Which commit was reviewed is told from the history, from GitHub, or from the ledger."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.clients.git.checkout import Checkout
from bot.clients.github import GitHub, Token
from bot.clients.ledger import LedgerFile
from bot.clients.objects.directory import DirectoryStore
from bot.core.ledger.lease import LENGTH
from bot.core.ledger.ledger import Lease
from bot.core.ledger.transitions import Start, started
from bot.core.plans.review import Review, review_key, write_review
from bot.core.tree import File
from bot.errors import UserError
from bot.names import EnvironmentName, RepositoryName, StepName
from bot.runs.reviewed_commit import OnGitHub, reviewed_head
from bot.sandbox.github import GitHubServer
from bot.sandbox.github.issues import IssueText
from bot.sandbox.github.pulls import PullSpec
from tests.support.monorepo import Monorepo

DEMO = EnvironmentName("demo-x")
REPOSITORY = RepositoryName("acme/infrastructure")
NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
WHO = ("-c", "user.name=Alice", "-c", "user.email=alice@example.com")


@dataclass
class History:
    """A repository, and a store of reviews."""

    repo: Monorepo
    store: DirectoryStore

    def change(self, text: str) -> str:
        self.repo.git("checkout", "-q", "-B", "change", "main")
        self.repo.put("envs/demo-x", {"main.tf": File(text.encode())})
        return self.repo.commit(text)

    def merge(self, head: str, *how: str) -> None:
        self.repo.git("checkout", "-q", "main")
        self.repo.git(*WHO, "merge", "-q", *how, head)

    def review(self, commit: str) -> None:
        tree = self.repo.git("rev-parse", f"{commit}:envs/demo-x").strip()
        review = Review(
            environment=DEMO,
            commit=commit,
            tree=tree,
            template_revision="0" * 40,
            change="create",
            key="0" * 64,
            steps={},
            planned_at=NOW,
        )
        self.store.write(review_key(DEMO, commit), write_review(review))

    def head(self, on: OnGitHub | None = None) -> str:
        return reviewed_head(Checkout(self.repo.root), DEMO, self.store, on)


@pytest.fixture
def history(tmp_path: Path) -> History:
    repo = Monorepo(tmp_path / "monorepo", "bucket")
    repo.root.mkdir()
    repo.git("init", "-q", "-b", "main")
    repo.put(".", {"README.md": File(b"A monorepo.\n")})
    repo.commit("base")
    return History(repo, DirectoryStore(tmp_path / "store"))


def test_a_merge_commit_names_what_was_merged(history: History) -> None:
    head = history.change("one")
    history.review(head)
    history.merge(head, "--no-ff", "-m", "merge")
    history.repo.put(".", {"other.txt": File(b"later and elsewhere")})
    history.repo.commit("later")
    assert history.head() == head


def test_without_a_review_the_first_candidate_is_named_so_that_what_is_missing_can_be_said(history: History) -> None:
    head = history.change("one")
    history.merge(head, "--no-ff", "-m", "merge")
    assert history.head() == head


def test_the_ledger_knows_it_when_the_history_does_not(history: History) -> None:
    head = history.change("one")
    history.review(head)
    history.merge(head, "--squash")
    history.repo.git(*WHO, "commit", "-q", "-m", "squashed")
    ledger = LedgerFile(history.store, DEMO)
    ledger.acquire(Lease(lock_owner="one", until=NOW + LENGTH, since=NOW), NOW)
    begun = Start("d", "alice", "", head=head, commit="c", tree="t")
    ledger.change("one", lambda before: started(before, StepName("app"), begun, NOW))
    assert history.head() == head


def test_an_environment_that_no_commit_brought_is_not_told(history: History) -> None:
    with pytest.raises(UserError, match="name it with `--head`"):
        history.head()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitHubServer]:
    server = GitHubServer(tmp_path / "github")
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "README.md").write_text("A monorepo.\n")
    server.create_repository(REPOSITORY, tmp_path / "source")
    server.add_user("ana", REPOSITORY, "maintain")
    with server.running():
        yield server


def test_of_a_squashed_pull_request_github_knows_the_head(server: GitHubServer, tmp_path: Path) -> None:
    head = server.commit(REPOSITORY, {"envs/demo-x/x": b"x"}, branch="envclone/demo-x", by="ana", message="add")
    number = server.open_pull(REPOSITORY, PullSpec(IssueText("Clone", ""), "envclone/demo-x", "main"), by="ana")
    server.merge(REPOSITORY, number, by="ana", method="squash")
    token = server.workflow_token(REPOSITORY, {"contents": "read", "pull_requests": "read"})
    here = Monorepo(tmp_path, "bucket")
    remote = f"{server.url.replace('://', f'://x-access-token:{token}@')}/{REPOSITORY}.git"
    here.git("clone", "-q", remote, "checkout")
    github = GitHub(Token(token, "github-actions[bot]"), api_url=f"{server.url}/api/v3")
    found = reviewed_head(
        Checkout(tmp_path / "checkout"), DEMO, DirectoryStore(tmp_path / "store"), OnGitHub(github, REPOSITORY)
    )
    assert found == head


def test_what_changed_only_a_module_beside_the_environments_is_found_by_the_modules_history(history: History) -> None:
    repo = history.repo
    repo.put("envs/demo-x", {"app/main.tf": File(b'module "x" {\n  source = "../../../modules/x"\n}\n')})
    repo.put("modules/x", {"main.tf": File(b"")})
    repo.commit("an environment that calls a module")
    repo.git("checkout", "-q", "-B", "change", "main")
    repo.put("modules/x", {"main.tf": File(b'resource "terraform_data" "x" {}\n')})
    head = repo.commit("the module alone")
    history.merge(head, "--no-ff", "-m", "merge")
    assert history.head() == head
