"""What the base branch proves is planned without asking; everything else needs somebody who may, for that very commit."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.clients.github import GitHub, Token
from bot.clouds.registry import FACTS
from bot.core.rendering.assemble import assemble, read_template
from bot.core.requests.approvals import CONTEXT
from bot.core.requests.matrix import Targets
from bot.core.tree import File
from bot.names import RepositoryName
from bot.runs.plan.approvals import ProposedCommit
from bot.runs.plan.matrix import Span, find_targets
from bot.runs.reviewed_commit import OnGitHub
from bot.sandbox.github import GitHubServer, IssueText, PullSpec
from tests.support import product
from tests.support.monorepo import Monorepo

REPOSITORY = RepositoryName("acme/infrastructure")
MAINTAINER, WRITER, BOT = "max", "mallory", "robo"
REFUSED = "is not proved by the base branch, so nothing of it is planned with credentials"


@dataclass
class Proposal:
    """A pull request's checkout, and the repository on GitHub."""

    head: Monorepo
    server: GitHubServer
    base: str
    number: int = 0

    @property
    def commit(self) -> str:
        return self.head.git("rev-parse", "HEAD").strip()

    def targets(self) -> Targets:
        """Return what the first job of the plan workflow finds, which reads GitHub with the workflow's own token."""
        token = self.server.workflow_token(
            REPOSITORY, {"contents": "read", "pull_requests": "read", "statuses": "read"}
        )
        github = GitHub(Token(token, "github-actions[bot]"), api_url=f"{self.server.url}/api/v3")
        proposed = ProposedCommit(OnGitHub(github, REPOSITORY), self.number, self.commit)
        return find_targets(self.head.root, Span(self.base, self.commit, proposed), "plan")

    def push(self) -> None:
        if self.head.git("status", "--porcelain"):
            self.head.commit("Mine")
        self.head.git("push", "-q", "--force", "origin", "HEAD:refs/heads/mine")

    def propose(self) -> None:
        self.push()
        self.number = self.server.open_pull(REPOSITORY, PullSpec(IssueText("Mine"), "mine", "main"), by=WRITER)

    @property
    def is_planned(self) -> bool:
        found = self.targets()
        assert found.complaints == () or any(REFUSED in line for line in found.complaints), found.complaints
        return found.complaints == () and len(found.targets) > 0

    def status(self, by: str, says: str) -> None:
        """Write a commit status as an account."""
        github = GitHub(Token(self.server.token(by)), api_url=f"{self.server.url}/api/v3")
        github.set_status(REPOSITORY, self.commit, CONTEXT.format(environment="production"), says)


@contextmanager
def repository(tmp_path: Path) -> Iterator[Proposal]:
    source = Monorepo.create(tmp_path / "source", "state-bucket")
    source.add("production")
    policy = source.root / ".github/envclone.yml"
    policy.write_text(policy.read_text().replace("bot: ''", f"bot: {BOT}"))
    assert f"bot: {BOT}" in policy.read_text()
    subprocess.run(["rm", "-rf", str(source.root / ".git")], check=True)
    server = GitHubServer(root=tmp_path / "github")
    server.create_repository(REPOSITORY, source=source.root)
    server.add_user(MAINTAINER, REPOSITORY, "maintain")
    server.add_user(WRITER, REPOSITORY, "write")
    server.add_user(BOT, REPOSITORY, "write")
    bare = server.forge.bare(server.repository(REPOSITORY)).path
    subprocess.run(["git", "clone", "-q", str(bare), str(tmp_path / "head")], check=True, timeout=60)
    head = Monorepo(tmp_path / "head", "state-bucket")
    with server.running():
        yield Proposal(head, server, head.git("rev-parse", "HEAD").strip())


@pytest.fixture
def proposal(tmp_path: Path) -> Iterator[Proposal]:
    with repository(tmp_path) as found:
        yield found


def edit(proposal: Proposal, path: str, old: str, new: str) -> None:
    place = proposal.head.root / path
    text = place.read_text()
    assert old in text
    place.write_text(text.replace(old, new, 1))


def change_template(proposal: Proposal) -> None:
    """Change the template and render production from it, as somebody would who wants that planned."""
    edit(proposal, "templates/small/network/main.tf", 'input = "/${var.name}/main"', 'input = "/${var.name}/other"')
    render(proposal)


def render(proposal: Proposal) -> None:
    at = read_template(product.NAME, template_files(proposal.head.root), FACTS)
    found = product.manifest(at, "production", None, {"state_bucket": "state-bucket"})
    proposal.head.put("envs/production", assemble(at, found))


def test_what_a_template_of_the_base_branch_renders_is_planned_without_asking(proposal: Proposal) -> None:
    proposal.head.add("demo-x", "production")
    proposal.propose()
    found = proposal.targets()
    assert found.complaints == ()
    assert [target.environment for target in found.targets] == ["demo-x"]


def test_a_changed_template_is_planned_only_when_somebody_who_may_approved_that_commit(proposal: Proposal) -> None:
    change_template(proposal)
    proposal.propose()
    text = "\n".join(proposal.targets().complaints)
    assert "`templates/small` at revision" in text
    assert f"`maintain` permission (`plan_unproved`) approves commit {proposal.commit[:12]}" in text
    assert "comment `/plan production` on this pull request, or approve it in a review" in text
    proposal.server.review(REPOSITORY, proposal.number, by=MAINTAINER)
    assert proposal.is_planned
    edit(proposal, "envs/production/network/main.tf", "other", "another")
    proposal.push()
    assert not proposal.is_planned, "a push afterwards needs a new approval"


def test_a_change_that_demands_less_of_clones_is_told_before_it_is_approved(proposal: Proposal) -> None:
    declaration = "templates/small/template.yaml"
    edit(proposal, declaration, "demo: {description: To show.}", "demo: {description: To show., match: [topology]}")
    proposal.head.commit("Demand something")
    proposal.base = proposal.head.git("rev-parse", "HEAD").strip()
    edit(proposal, declaration, "To show., match: [topology]}", "To look at.}")
    render(proposal)
    proposal.propose()
    [told] = [line for line in proposal.targets().complaints if line.startswith(declaration)]
    assert told.endswith(
        "it demands less of a clone than the base branch's template: the purpose `demo` no longer demands that `topology` matches."
    )


@pytest.mark.whole
@pytest.mark.parametrize(
    "what",
    [
        "a writer's review",
        "a remark",
        "taken back",
        "of another commit",
        "a writer's status",
        "the bot's for a writer",
        "the bot's, taken back",
    ],
)
def test_what_is_no_approval_lets_nothing_be_planned(proposal: Proposal, what: str) -> None:
    edit(proposal, "envs/production/network/main.tf", "/main", "/by-hand")
    proposal.propose()
    server, number = proposal.server, proposal.number
    if what == "a writer's review":
        server.add_user("wilma", REPOSITORY, "write")
        server.review(REPOSITORY, number, by="wilma")
    if what == "a remark":
        server.review(REPOSITORY, number, by=MAINTAINER, verdict="COMMENT")
    if what == "taken back":
        server.review(REPOSITORY, number, by=MAINTAINER)
        server.review(REPOSITORY, number, by=MAINTAINER, verdict="REQUEST_CHANGES")
    if what == "of another commit":
        server.review(REPOSITORY, number, by=MAINTAINER, sha=proposal.base)
    if what == "a writer's status":
        proposal.status(WRITER, MAINTAINER)
    if what == "the bot's for a writer":
        proposal.status(BOT, WRITER)
    if what == "the bot's, taken back":
        proposal.status(BOT, MAINTAINER)
        server.review(REPOSITORY, number, by=MAINTAINER, verdict="REQUEST_CHANGES")
    assert not proposal.is_planned


def test_the_bot_writes_down_whose_plan_approved_a_commit(proposal: Proposal) -> None:
    edit(proposal, "envs/production/network/main.tf", "/main", "/by-hand")
    proposal.propose()
    assert "edited by hand" in "\n".join(proposal.targets().complaints)
    proposal.status(BOT, MAINTAINER)
    assert proposal.is_planned
    server = proposal.server
    server.forge.state.roles[server.repository(REPOSITORY).id, server.account(MAINTAINER).id] = "write"
    assert not proposal.is_planned, "what counts is what the person may do now"


@pytest.mark.whole
def test_a_template_that_only_the_history_of_a_merged_branch_knows_proves_nothing(proposal: Proposal) -> None:
    head = proposal.head
    head.git("checkout", "-q", "-b", "aside")
    change_template(proposal)
    head.commit("In between")
    head.git("checkout", "-q", "main")
    head.git(
        "-c", "user.name=A", "-c", "user.email=a@b", "merge", "-q", "--no-ff", "-s", "ours", "aside", "-m", "Merge"
    )
    proposal.base = proposal.commit
    head.git("checkout", "-q", "aside", "--", "envs/production")
    proposal.propose()
    assert not proposal.is_planned
    assert any("is on no commit of the base branch" in line for line in proposal.targets().complaints)


@pytest.mark.whole
@pytest.mark.parametrize("method", ["rebase", "merge"])
def test_what_a_rebased_pull_request_took_back_again_proves_nothing(proposal: Proposal, method: str) -> None:
    head, server = proposal.head, proposal.server
    change_template(proposal)
    changed = head.commit("Mine, for a moment")
    head.git("revert", "--no-edit", changed)
    proposal.propose()
    server.merge(REPOSITORY, proposal.number, by=MAINTAINER, method=method)
    head.git("fetch", "-q", "origin")
    head.git("reset", "-q", "--hard", "origin/main")
    proposal.base = "origin/main"
    head.git("checkout", "-q", changed, "--", "envs/production")
    proposal.propose()
    assert not proposal.is_planned
    assert any("is on no commit of the base branch" in line for line in proposal.targets().complaints)


@pytest.mark.whole
def test_each_merge_of_the_base_branch_proves_what_it_was_then(proposal: Proposal) -> None:
    head, server = proposal.head, proposal.server
    change_template(proposal)
    changed = head.commit("Another")
    for name, method in (("theirs", "rebase"), ("ours", "squash")):
        head.git("push", "-q", "--force", "origin", f"HEAD:refs/heads/{name}")
        number = server.open_pull(REPOSITORY, PullSpec(IssueText(name), name, "main"), by=WRITER)
        server.merge(REPOSITORY, number, by=MAINTAINER, method=method)
        head.git("fetch", "-q", "origin")
        head.git("reset", "-q", "--hard", "origin/main")
        edit(proposal, "templates/small/network/main.tf", "}/", f"}}/{name}-")
        render(proposal)
        head.commit("Another")
    proposal.base = "origin/main"
    head.git("reset", "-q", "--hard", "origin/main")
    head.git("checkout", "-q", changed, "--", "envs/production")
    proposal.propose()
    assert proposal.is_planned


def test_a_changed_module_beside_the_environments_is_unproved(proposal: Proposal) -> None:
    head = proposal.head
    head.put("modules/names", {"main.tf": File(b'output "name" {\n  value = "one"\n}\n')})
    call = b'module "names" {\n  source = "../../../modules/names"\n}\n'
    for place in ("templates/small", "envs/production"):
        head.put(f"{place}/network", {"names.tf": File(call)})
    render(proposal)
    proposal.base = head.commit("A module")
    edit(proposal, "modules/names/main.tf", "one", "two")
    proposal.propose()
    found = proposal.targets()
    assert [target.environment for target in found.targets] == ["production"]
    assert "modules/names:1: no commit of the base branch has this directory as it is here." in found.complaints
    proposal.server.review(REPOSITORY, proposal.number, by=MAINTAINER)
    assert proposal.is_planned


def template_files(root: Path) -> dict[str, File]:
    place = root / "templates/small"
    return {
        path.relative_to(place).as_posix(): File(path.read_bytes(), bool(path.stat().st_mode & 0o100))
        for path in place.rglob("*")
        if path.is_file()
    }
