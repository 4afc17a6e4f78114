"""A monorepo with an environment that is planned, merged and applied for real: three stacks and two hooks."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3

from bot.clients.checkout import Checkout
from bot.clients.ledger import LedgerFile
from bot.clients.leftovers import tagged
from bot.clients.objects import S3Store
from bot.clients.terraform import Terraform
from bot.core.apply_outcome import ApplyOutcome
from bot.core.assemble import TemplateAt, assemble, read_template
from bot.core.ledger import Ledger
from bot.core.receipt import Receipt
from bot.core.tree import File
from bot.environment import Manifest, directory
from bot.flows.apply import apply
from bot.flows.applying import ApplyRequest, ApplyWorld
from bot.flows.destroy import destroy
from bot.flows.plan import Planned, Planner, PlanRequest, plan
from bot.flows.plan_destroy import plan_destroy
from bot.flows.sweep import Search
from bot.names import EnvironmentName, TemplateName
from bot.policy import PATH as POLICY
from bot.policy import Policy
from tests.support.cloud import ACCOUNT, REGION
from tests.support.terraform import LOCK, PROVIDER, VERSIONS
from tests.support.tiny import BACKEND, Monorepo

DEMO = EnvironmentName("demo-x")
PRODUCTION = EnvironmentName("production")

DECLARATION = f"""
name: small
description: Three stacks and two hooks.
default_purpose: demo
parameters:
  name: {{type: string, identity: true, derive: "{{environment}}", description: The name.}}
  account_id: {{type: string, identity: true, derive: "{ACCOUNT}", description: The account.}}
  region: {{type: string, default: {REGION}, description: The region.}}
  state_bucket: {{type: string, identity: true, derive: unset, description: The state's bucket.}}
  place: {{type: string, description: Where the hook writes down that it ran.}}
  greeting: {{type: string, default: hello, description: Any text.}}
purposes:
  demo: {{description: To show.}}
"""

DECLARED = {
    "network": "{description: A log group., timeout: 3m}",
    "data": "{description: A parameter., timeout: 3m}",
    "app": f"""
    description: Parameters that name the others.
    needs: [data]
    timeout: 3m
    inputs:
      group_arn: {{from: network.group_arn, stand_in: "arn:aws:logs:{REGION}:000000000000:log-group:not-made-yet"}}
      token: {{from: network.token, stand_in: not-made-yet}}
""",
}

HOOKS = """hooks:
  record:
    description: Writes down that it ran.
    needs: [network]
    run: {apply: [python3, hooks/record.py], verify: [python3, hooks/record.py], undo: [python3, hooks/record.py]}
    with:
      place: {parameter: place}
      token: {from: network.token}
  flags:
    description: Flags.
    needs: [app]
    uses: aws.parameter
    with:
      path: {from: app.path}
      values: {value: {a: 1, b: true}}
"""

RECORD = '''"""Write down that the hook ran; fail or hang while somebody wants that."""

import json
import sys
import time
from pathlib import Path

given = json.load(sys.stdin)
place = Path((given["inputs"] or given["parameters"])["place"])
with (place / "ran").open("a") as file:
    file.write(given["verb"] + "\\n")
if "token" in given["inputs"]:
    print("the token is " + given["inputs"]["token"], file=sys.stderr)
if given["verb"] == "undo" and (place / "fail-undo").exists():
    sys.exit("told to fail")
if given["verb"] == "undo" and given["undo"]:
    (place / "undone-with").write_text(given["undo"]["login"])
if given["verb"] == "apply":
    if (place / "fail").exists():
        sys.exit("told to fail with " + given["inputs"]["token"])
    while (place / "hang").exists():
        time.sleep(0.1)
undo = {"place": str(place), "login": "alice:" + given["inputs"].get("token", "")}
if given["verb"] == "undo":
    remains = [{"what": str(place), "why": "the record is kept", "until": "somebody removes it"}]
    print(json.dumps({"evidence": "taken back", "remains": remains}))
else:
    print(json.dumps({"outputs": {"said": "recorded"}, "evidence": "written down", "undo": undo}))
'''

STACKS = {
    "network": """
variable "name" { type = string }
resource "aws_cloudwatch_log_group" "main" {
  name = "/${var.name}/main"
}
output "group_arn" { value = aws_cloudwatch_log_group.main.arn }
output "token" {
  value     = "token-of-${var.name}"
  sensitive = true
}
""",
    "data": """
variable "name" { type = string }
variable "greeting" { type = string }
resource "aws_ssm_parameter" "greeting" {
  name  = "/${var.name}/greeting"
  type  = "String"
  value = var.greeting
}
""",
    "app": """
variable "name" { type = string }
variable "group_arn" { type = string }
variable "token" {
  type      = string
  sensitive = true
}
resource "aws_ssm_parameter" "group" {
  name  = "/${var.name}/group"
  type  = "String"
  value = var.group_arn
}
resource "aws_ssm_parameter" "token" {
  name  = "/${var.name}/token"
  type  = "SecureString"
  value = var.token
}
output "path" { value = "/${var.name}/flags" }
output "url" { value = "https://${var.name}.example" }
""",
}
NAMES = {"network": ("name",), "data": ("name", "greeting"), "app": ("name",)}


def template(stacks: Mapping[str, str]) -> TemplateAt:
    """Return the template with these stacks' code."""
    declared = "".join(f"  {stack}: {DECLARED[stack]}\n" for stack in stacks)
    if "data" not in stacks:
        declared = declared.replace("needs: [data]", "needs: [network]")
    files = {"template.yaml": f"{DECLARATION}stacks:\n{declared}", "hooks.yaml": HOOKS, "hooks/record.py": RECORD}
    for stack, main in stacks.items():
        variables = ",\n".join(f'  "{name}": {{{{ {name} | json }}}}' for name in NAMES[stack])
        files |= {
            f"{stack}/main.tf": main,
            f"{stack}/provider.tf": PROVIDER,
            f"{stack}/versions.tf": VERSIONS,
            f"{stack}/backend.tf.j2": BACKEND.replace("STACK", stack),
            f"{stack}/.terraform.lock.hcl": LOCK,
            f"{stack}/terraform.tfvars.json.j2": f"{{\n{variables}\n}}\n",
        }
    return read_template(TemplateName("small"), {path: File(text.encode()) for path, text in files.items()})


@dataclass
class Deploying:
    """The monorepo, its account, and the ways to plan and apply `demo-x`. `lines` is the log."""

    repo: Monorepo
    place: Path
    terraform: Terraform
    stacks: dict[str, str] = field(default_factory=lambda: dict(STACKS))
    lines: list[str] = field(default_factory=list)
    secrets: list[object] = field(default_factory=list)
    runs: int = 0
    max_parallel: int = 4

    @classmethod
    def create(cls, place: Path, bucket: str, terraform: Terraform) -> "Deploying":
        repo = Monorepo(place / "monorepo", bucket)
        repo.root.mkdir()
        repo.git("init", "-q", "-b", "main")
        (place / "place").mkdir()
        found = cls(repo, place / "place", terraform)
        policy = found.policy.model_dump_json().encode()
        repo.put(".", {POLICY: File(policy)})
        at = template(found.stacks)
        repo.put("templates/small", at.files)
        repo.put(
            directory(PRODUCTION),
            assemble(at, found.manifest(at, PRODUCTION, account_id="999999999999", state_bucket="other")),
        )
        repo.commit("base")
        return found

    def manifest(self, at: TemplateAt, name: EnvironmentName, **parameters: str) -> Manifest:
        """Return the manifest of production, or of a clone of it."""
        values = {"name": name, "account_id": ACCOUNT, "region": REGION, "state_bucket": self.repo.bucket}
        return Manifest.model_validate(
            {
                "name": name,
                "template": "small",
                "revision": at.revision,
                "source": None if name == PRODUCTION else PRODUCTION,
                "purpose": "demo",
                "owner": "alice",
                "overrides": ["state_bucket"],  # each test has a bucket of its own
                "parameters": {**values, "place": str(self.place), "greeting": "hello", **parameters},
                "stacks": at.declaration.stacks,
            }
        )

    def drop(self, stack: str) -> None:
        """Let the template have one stack less."""
        del self.stacks[stack]
        shutil.rmtree(self.repo.root / "templates" / "small" / stack)

    @property
    def policy(self) -> Policy:
        return self.repo.policy

    @property
    def store(self) -> S3Store:
        return S3Store(self.repo.bucket, "", REGION)

    @property
    def ledger(self) -> Ledger:
        return LedgerFile(self.store, DEMO).read()

    def propose(self, **parameters: str) -> str:
        """Commit the environment, and its template as it is now, to a branch; return that branch's head."""
        at = template(self.stacks)
        manifest = self.manifest(at, DEMO, **parameters)
        self.repo.git("checkout", "-q", "-B", "change")
        self.repo.put("templates/small", at.files)
        self.repo.put(directory(DEMO), assemble(at, manifest))
        return self.repo.commit("propose demo-x")

    def review(self, head: str) -> None:
        """Plan the head, as the plan workflow does."""
        self.repo.git("checkout", "-q", head)
        outcome = plan(PlanRequest(DEMO, head, "create"), self.planner())
        assert isinstance(outcome, Planned), outcome

    def planner(self) -> Planner:
        return Planner(
            checkout=Checkout(self.repo.root),
            policy=self.policy,
            base_template=lambda name: template(self.stacks).files,
            terraform=self.terraform,
            store=self.store,
            now=lambda: datetime.now(UTC),
        )

    def remove(self) -> str:
        """Propose, review and merge the removal of the directory; return the head that was reviewed."""
        self.repo.git("checkout", "-q", "main")
        base = self.repo.git("rev-parse", "HEAD").strip()
        self.repo.git("checkout", "-q", "-B", "removal")
        self.repo.git("rm", "-q", "-r", directory(DEMO))
        head = self.repo.commit("destroy demo-x")
        outcome = plan_destroy(PlanRequest(DEMO, head, "destroy"), self.planner(), base)
        assert isinstance(outcome, Planned), outcome
        self.merge(head)
        return head

    def merge(self, head: str) -> str:
        """Merge the head into main with a merge commit, and check main out."""
        self.repo.git("checkout", "-q", "main")
        who = ("-c", "user.name=Alice", "-c", "user.email=alice@example.com")
        self.repo.git(*who, "merge", "-q", "--no-ff", "-m", "merge", head)
        return self.repo.git("rev-parse", "HEAD").strip()

    def bring_back(self, head: str) -> None:
        """Put main back to a reviewed head, as if it had just been merged."""
        self.repo.git("checkout", "-q", "-B", "main", head)

    def deliver(self, **parameters: str) -> str:
        """Propose, review and merge; return the head that was reviewed."""
        head = self.propose(**parameters)
        self.review(head)
        self.merge(head)
        return head

    def world(self) -> ApplyWorld:
        return ApplyWorld(
            store=self.store,
            terraform=self.terraform,
            rules=self.policy.gate,
            hook_variables=self.terraform.environment,
            now=lambda: datetime.now(UTC),
            log=self.lines.append,
            announce=self.secrets.append,
        )

    def apply(self, head: str, world: ApplyWorld | None = None, take_over: str = "") -> ApplyOutcome:
        """Apply what is checked out, in this process."""
        return apply(replace(self.request(head), take_over=take_over), world or self.world())

    def destroy(self, head: str, world: ApplyWorld | None = None) -> Receipt:
        """Destroy what is gone from what is checked out, in this process."""
        return destroy(self.request(head), world or self.world(), self.policy, Search(tagged, pause=timedelta(0)))

    def request(self, head: str) -> ApplyRequest:
        self.runs += 1
        return ApplyRequest(
            environment=DEMO,
            root=self.repo.root,
            commit=self.repo.git("rev-parse", "HEAD").strip(),
            head=head,
            by="alice",
            holder=f"run-{self.runs}",
            machine="alice@somewhere",
            run_url=f"https://github.example/run/{self.runs}",
            max_parallel=self.max_parallel,
        )

    def start(self, log: Path, **variables: str) -> "subprocess.Popen[bytes]":
        """Start `envclone apply demo-x` as a process of its own, as the apply workflow does; its log goes to a file."""
        with log.open("ab") as file:
            return subprocess.Popen(
                [sys.executable, "-c", "import typer; from bot.cli.apply import apply; typer.run(apply)", DEMO],
                cwd=self.repo.root,
                env={**self.terraform.environment, **variables, "PYTHONPATH": os.getcwd(), "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds."""
        for _ in range(1200):
            if holds():
                return
            time.sleep(0.1)
        raise AssertionError("it never happened")

    def ran(self) -> list[str]:
        """Return the verbs with which the hook was called."""
        file = self.place / "ran"
        return file.read_text().split() if file.exists() else []

    def parameters(self) -> dict[str, tuple[str, int]]:
        """Return the parameters in the account, with how often each was put."""
        pages = boto3.client("ssm", REGION).get_paginator("get_parameters_by_path")
        found = pages.paginate(Path=f"/{DEMO}", Recursive=True, WithDecryption=True)
        return {each["Name"]: (each["Value"], each["Version"]) for page in found for each in page["Parameters"]}

    def everything_kept(self) -> str:
        """Return all that is kept or said in clear: the log, the ledger, and the hook's own words in it."""
        return json.dumps(self.lines) + self.ledger.model_dump_json()
