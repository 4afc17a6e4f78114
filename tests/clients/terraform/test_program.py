"""Which program plans: the one that the policy names, where only one may."""

from pathlib import Path

import pytest

from bot.clients.terraform.program import find_terraform
from bot.errors import UserError
from bot.model.policy import Tool


@pytest.mark.parametrize(
    ("tool", "present", "found"),
    [
        ("terraform", ("terraform", "tofu"), "terraform"),
        ("terraform", ("tofu",), "tofu"),
        ("opentofu", ("terraform", "tofu"), "tofu"),
        ("opentofu", ("terraform",), ""),
    ],
)
def test_terraform_never_plans_where_opentofu_is_the_tool(
    tmp_path: Path, tool: Tool, present: tuple[str, ...], found: str
) -> None:
    for name in present:
        (tmp_path / name).touch(mode=0o755)
    if found:
        assert find_terraform({"PATH": str(tmp_path)}, tool) == tmp_path / found
        return
    with pytest.raises(UserError, match="`tofu` is not on PATH"):
        find_terraform({"PATH": str(tmp_path)}, tool)
