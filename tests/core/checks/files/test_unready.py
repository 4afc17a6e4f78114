"""What a clone's first plan can't read yet, and can't put off, is said before anybody asks for one."""

import pytest

from bot.clouds.registry import FACTS
from bot.core.checks.files.unready import unready
from bot.core.tree import File
from bot.model.pipeline import Stack
from bot.names import StepName

BACKEND = 'terraform {\n  backend "s3" {\n    bucket = "state"\n    key    = "demo-x/%s/terraform.tfstate"\n  }\n}\n'
READS = (
    'data "terraform_remote_state" "network" {\n  backend = "s3"\n'
    '  config  = { bucket = "state", key = "demo-x/network/terraform.tfstate" }\n}\n'
)
COUNTED = 'resource "terraform_data" "x" {\n  for_each = toset(local.b)\n}\nlocals {\n  b = local.a\n  a = data.terraform_remote_state.network.outputs.a\n}\n'


def said(main: str = READS, module: str = "", needs: tuple[str, ...] = ("network",)) -> list[str]:
    written = {f"{stack}/backend.tf": BACKEND % stack for stack in ("app", "network")}
    code = {**written, "app/main.tf": main, "app/inner/main.tf": module}
    files = {path: File(text.encode()) for path, text in code.items()}
    stacks = {
        StepName("app"): Stack(needs=tuple(map(StepName, needs))),
        StepName("network"): Stack(),
        StepName("base"): Stack(needs=(StepName("network"),)),
    }
    return list(unready(files, stacks, FACTS.backends))


@pytest.mark.parametrize("needs", [("network",), ("base",), ("a_hook",)])
def test_what_can_be_put_off_needs_no_word(needs: tuple[str, ...]) -> None:
    assert not said(needs=needs)
    assert not said(READS + 'output "x" {\n  value = data.terraform_remote_state.network.outputs.a\n}\n', needs=needs)
    assert not said(READS.replace("demo-x/network", "shared/other"), needs=needs), "a state of somebody else's"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (said(needs=()), "app/main.tf:1 reads the state of `network`, and stack `app` does not need it"),
        (said(needs=()), "Add `needs: [network]` to stack `app`"),
        (said('module "x" {\n  source = "./inner"\n}\n', READS), "app/inner/main.tf:1 reads the state of another stack in a module"),
        (said(READS + COUNTED), "app/main.tf:6 `for_each` depends on the state of another stack"),
        (said(READS + COUNTED), "give stack `app` its value as an input"),
    ],
)  # fmt: skip
def test_what_would_fail_is_named_with_what_to_write(lines: list[str], message: str) -> None:
    (line,) = lines
    assert message in line
