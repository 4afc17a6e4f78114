"""An account's own variables reach Terraform, and their values leave it in no error."""

from pathlib import Path

import pytest

from bot.clients.terraform.output import HIDDEN, TerraformFailed
from bot.clients.terraform.terraform import Terraform


def test_the_account_s_variables_alone_reach_terraform_and_are_hidden_in_what_it_says(tmp_path: Path) -> None:
    program = tmp_path / "bin/terraform"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "got $DD_API_KEY, $TF_VAR_db_password, $OTHER." >&2\nexit 1\n')
    program.chmod(0o755)
    (tmp_path / "stack").mkdir()
    process = {"PATH": "/usr/bin:/bin", "OTHER": "not-for-it", "TF_VAR_db_password": "of-the-process"}
    variables = {"DD_API_KEY": "key-of-datadog", "TF_VAR_db_password": "pass-word-1"}
    terraform = Terraform(program, process, variables=variables)
    with terraform.opened(tmp_path / "stack") as module, pytest.raises(TerraformFailed) as said:
        module.init()
    text = str(said.value)
    assert f"got {HIDDEN}, {HIDDEN}, ." in text
    assert not any(value in text for value in variables.values())
