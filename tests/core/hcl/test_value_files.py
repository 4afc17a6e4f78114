"""What Terraform takes from a file of values we see, or nobody plans with it."""

from pathlib import Path

import pytest

from bot.core.hcl.value_files import given_values, value_files
from bot.errors import InvalidInput
from tests.core.hcl.test_console import console

SECRET = "/etc/passwd"
FORMS = {
    "plain.auto.tfvars": 'NAME = "/etc/passwd"\n',
    "mark.auto.tfvars": '\ufeffNAME = "/etc/passwd"\n',
    "brackets.auto.tfvars": 'NAME = ("/etc${""}/passwd")\n',
    "choice.auto.tfvars": 'NAME = true ? "/etc/passwd" : ""\n',
    "reference.auto.tfvars": 'y = other.thing\nNAME = "/etc/passwd"\n',
    "nul.auto.tfvars": '# \0\nNAME = "/etc/passwd"\n',
    "digits.auto.tfvars": f'y = {"9" * 600}\nNAME = "/etc/passwd"\n',
    "deep.auto.tfvars": f'y = {"[" * 500}{"]" * 500}\nNAME = "/etc/passwd"\n',
    "plain.auto.tfvars.json": '{"//": "x", "NAME": "/etc/passwd"}',
    "half.auto.tfvars.json": '{"y": "\\ud800", "NAME": "/etc/passwd"}',
    "byte.auto.tfvars.json": '{"y": "\udcff", "NAME": "/etc/passwd"}',
    "digits.auto.tfvars.json": f'{{"y": {"9" * 5_000}, "NAME": "/etc/passwd"}}',
    "deep.auto.tfvars.json": f'{{"y": {"[" * 5_000}{"]" * 5_000}, "NAME": "/etc/passwd"}}',
}
READ = {"plain", "mark", "brackets", "choice", "reference"}


def written(name: str, variable: str) -> bytes:
    return FORMS[name].replace("NAME", variable).encode("utf-8", "surrogateescape")


@pytest.mark.parametrize("name", FORMS)
def test_a_file_of_values_is_read_or_refused(name: str) -> None:
    if name.partition(".")[0] in READ:
        assert given_values(name, written(name, "x"))["x"].value == SECRET
        return
    with pytest.raises(InvalidInput, match=name):
        given_values(name, written(name, "x"))


@pytest.mark.slow
def test_terraform_reads_all_of_these(tmp_path: Path) -> None:
    names = {name: f"x{number}" for number, name in enumerate(FORMS)}
    for name, variable in names.items():
        (tmp_path / name).write_bytes(written(name, variable))
    (tmp_path / "main.tf").write_text("".join(f'variable "{each}" {{\n}}\n' for each in names.values()))
    assert console([f"var.{each}" for each in names.values()], tmp_path) == [SECRET] * len(FORMS)


def test_texts_in_json_are_no_templates_and_later_files_come_later() -> None:
    assert given_values("x.tfvars.json", b'{"x": "${1}", "y": [1, 2.5, null, {"a": true}]}')["x"].value == "${1}"
    paths = ["app/b.auto.tfvars", "app/a.auto.tfvars.json", "app/c.tfvars", "app/m/d.auto.tfvars", "app/terraform.tfvars.json"]  # fmt: skip
    assert [*value_files(paths, "app")] == ["app/terraform.tfvars.json", "app/a.auto.tfvars.json", "app/b.auto.tfvars"]
