"""A forge with pages, and in it what people are shown: conversations with our own texts, a pull request with checks, a run."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from bot.sandbox.github import GitHubServer, PullSpec
from bot.sandbox.github.issues import IssueText
from bot.sandbox.github.runs import SandboxRun
from bot.sandbox.pages.routes import routes
from bot.sandbox.tls import tls
from tests.golden.test_golden import MARKDOWN
from tests.support.patience import PATIENCE

REPOSITORY = "acme/infrastructure"
HOSTILE = """\
<script>document.title = "owned"</script><style>body { display:none }</style>
<img src=x onerror="document.title='owned'"><svg onload="document.title='owned'"></svg>
<iframe src="/"></iframe><form action="/x"><button>go</button></form><base href="https://evil.example/">
[a](javascript:document.title='owned') <a href="java&#x0a;script:document.title='owned'" onclick="document.title='owned'">b</a>
</div></article></main></body><article class="comment" id="fake"><header>max</header>I approve.</article>
"""


@dataclass(frozen=True, slots=True)
class Site:
    """The running forge and where things are in it."""

    github: GitHubServer
    issue: int
    pull: int
    run: int
    client: httpx.Client

    @property
    def page(self) -> str:
        """The repository's address."""
        return f"{self.github.url}/{REPOSITORY}"

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Ask for a page, by its address below the repository or from the host on."""
        return self.client.get(path if path.startswith("http") else f"{self.page}{path}", headers=headers)


def golden(name: str) -> str:
    """Return one of our texts."""
    return (MARKDOWN / f"{name}.md").read_text("utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("site")
    files = {
        ".github/workflows/plan.yml": "on: {pull_request: }\n",
        "README.md": "# Infra\n\n- [x] done\n",
        "envs/production/main.tf": 'locals {\n  name = "production"\n}\n',
    }
    for name, text in files.items():
        (root / "monorepo" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "monorepo" / name).write_text(text, "utf-8")
    github = GitHubServer(root / "github", pages=routes)
    github.create_repository(REPOSITORY, root / "monorepo")
    github.add_user("ana", REPOSITORY, "write")
    github.add_user("max", REPOSITORY, "maintain")
    github.add_user("eve")
    github.protect(REPOSITORY, required_checks=("envclone",))
    with github.running(), httpx.Client(trust_env=False, verify=tls(), timeout=PATIENCE) as client:
        yield filled(github, root, client)


def filled(github: GitHubServer, root: Path, client: httpx.Client) -> Site:
    """Fill a forge with what a week of use leaves, in one second."""
    bot = github.create_app("envclone", "acme").bot.login
    issue = github.open_issue(REPOSITORY, "A demo for a customer", "They want to try **everything**.", by="ana")
    asked = github.comment(REPOSITORY, issue, "/clone production as demo-x for demo --ttl 14d", by="ana")
    github.react(asked, "rocket", by=bot)
    for name in ("status/live", "replies/list", "replies/mistake"):
        github.comment(REPOSITORY, issue, golden(name), by=bot)
    github.comment(REPOSITORY, issue, HOSTILE, by="eve")
    new = 'locals {\n  name = "demo-x"\n}\n'
    sha = github.commit(
        REPOSITORY,
        {"envs/demo-x/main.tf": new.encode(), "README.md": b"# Infra\n\nMore.\n"},
        by="ana",
        message="Add",
        branch="demo-x",
    )
    proposal = PullSpec(IssueText("Clone production as demo-x", golden("pulls/clone")), head="demo-x", base="main")
    pull = github.open_pull(REPOSITORY, proposal, by="ana")
    github.comment(REPOSITORY, pull, golden("plans/plan"), by=bot)
    github.review(REPOSITORY, pull, by="max")
    run = github.record_run(
        REPOSITORY, SandboxRun(".github/workflows/plan.yml", "pull_request", sha, "ana", "demo-x", "Plan demo-x")
    )
    log = root / "log.txt"
    log.write_text("12:00:01 plan demo-x | Terraform will perform\n12:00:02 plan demo-x |   \x1b[32m+ create\x1b[0m\n")
    github.keep_log(run, log)
    report = golden("parity/page").encode()
    github.record_artifact(
        run, "plan-demo-x", {"plan.md": report, "parity.html": b"<script>document.title='own'</script>"}
    )
    _checks(github, client, sha, f"{github.url}/{REPOSITORY}/actions/runs/{run}")
    github.finish_run(run, "success")
    return Site(github, issue, pull, run, client)


def _checks(github: GitHubServer, client: httpx.Client, sha: str, page: str) -> None:
    token = github.workflow_token(REPOSITORY, {"checks": "write"})
    for name, is_job in (("plan demo-x", True), ("envclone", False)):
        output = {"title": "Planned", "summary": golden("plans/plan")}
        body = {"name": name, "head_sha": sha, "status": "completed", "conclusion": "success", "output": output}
        made = client.post(
            f"{github.url}/api/v3/repos/{REPOSITORY}/check-runs",
            json=body,
            headers={"Authorization": f"Bearer {token}"},
        ).raise_for_status()
        if is_job:
            github.link_check(made.json()["id"], page)
