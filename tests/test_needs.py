"""A test that needs a provider or a browser without saying so fails; this file's tests have no marker."""

from pathlib import Path

import pytest

from bot.clients.terraform.output import TerraformFailed
from tests.support.needs import require
from tests.support.terraform import program, provider_files, write

AWS = 'resource "aws_ssm_parameter" "x" {\n  name  = "x"\n  type  = "String"\n  value = "x"\n}\n'


def test_a_browser_is_refused() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"It needs `@pytest\.mark\.browser`"):
        require("browser")


def test_terraform_finds_its_built_in_provider_and_no_other(tmp_path: Path) -> None:
    terraform = program(tmp_path / "configuration", {})
    built_in = write(tmp_path / "built-in", {"main.tf": 'resource "terraform_data" "x" {}\n'})
    with terraform.opened(built_in) as module:
        module.init()
    on_aws = write(tmp_path / "aws", {"main.tf": AWS, **provider_files(AWS)})
    with terraform.opened(on_aws) as module, pytest.raises(TerraformFailed, match="hashicorp/aws"):
        module.init()
