"""`envclone parity` of two directories on disk, in a repository that has nothing of ours."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.app import app
from tests.support.privileges import modes_that_count

CODE = 'variable "size" {}\nresource "aws_instance" "web" { instance_type = var.size }\n'
MORE = 'resource "aws_route53_zone" "private" { name = "internal" }\n'


def lay_out(root: Path, files: Mapping[str, str]) -> Path:
    for path, text in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return lay_out(
        tmp_path,
        {
            "infra/production/main.tf": CODE + MORE,
            "infra/production/terraform.tfvars": 'size = "m5.large"',
            "infra/staging/main.tf": CODE,
            "infra/staging/terraform.tfvars": 'size = "t3.small"',
        },
    )


def run(root: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["parity", *words, "--root", str(root)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


STAGING = ("infra/staging", "--against", "infra/production")


def test_the_first_screen_says_what_is_missing_what_differs_and_why(root: Path) -> None:
    code, output = run(root, *STAGING)
    assert code == 0
    assert output.splitlines() == [
        "infra/staging against infra/production",
        "1 root module with 2 values compared: 0 are equal, 0 differ only in name, account or address, and 2 differ in other ways.",
        "",
        "Missing from infra/staging: 1",
        "  aws_route53_zone.private  infra/production/main.tf:3",
        "",
        "Different (infra/production → infra/staging): 1 value",
        "  variable size: m5.large → t3.small  infra/staging/terraform.tfvars:1 (infra/production/terraform.tfvars:1)",
        "      aws_instance.web:instance_type  [sizes]",
    ]


@pytest.mark.parametrize(
    "words", [("staging", "--against", "production"), ("infra/staging/", "--against", "./infra/production")]
)
def test_names_and_paths_are_the_same(root: Path, words: tuple[str, ...]) -> None:
    code, output = run(root, *words)
    assert (code, "variable size: m5.large → t3.small" in output) == (0, True)


def test_a_name_may_lie_beside_the_other_in_many_places(tmp_path: Path) -> None:
    files = {f"{stack}/{env}/main.tf": CODE for stack in ("app", "data/rds") for env in ("production", "staging")}
    root = lay_out(tmp_path, {**files, "app/production/more.tf": MORE})
    code, output = run(root, "staging", "--against", "production")
    assert code == 0
    assert "2 root modules with 1 value compared" in output
    assert "  app/aws_route53_zone.private  app/production/more.tf:1" in output


@pytest.mark.parametrize(
    "words",
    [
        ("infra", "--var-file", "infra/env/staging.tfvars", "--against-var-file", "infra/env/production.tfvars"),
        ("infra/env/staging.tfvars", "--against", "infra/env/production.tfvars"),
    ],
)
def test_one_directory_is_compared_with_two_files_of_values(tmp_path: Path, words: tuple[str, ...]) -> None:
    values = {
        f"infra/env/{env}.tfvars": f'\nsize = "{size}"' for env, size in (("production", "m5"), ("staging", "t3"))
    }
    code, output = run(lay_out(tmp_path, {"infra/main.tf": CODE, **values}), *words)
    assert code == 0
    assert "variable size: m5 → t3  infra/env/staging.tfvars:2 (infra/env/production.tfvars:2)" in output


def test_one_directory_is_compared_in_two_workspaces(tmp_path: Path) -> None:
    code = 'resource "aws_instance" "web" { instance_type = { a = "m5", b = "t3" }[terraform.workspace] }'
    words = ("infra", "--workspace", "b", "--against-workspace", "a")
    code_, output = run(lay_out(tmp_path, {"infra/main.tf": code}), *words)
    assert (code_, "instance_type: m5 → t3" in output) == (0, True)


@pytest.mark.parametrize(
    ("fail_on", "code"),
    [
        ("", 0),
        ("extra", 0),
        ("secrets", 0),
        ("missing", 1),
        ("sizes", 1),
        ("changed", 1),
        ("any", 1),
        ("unread", 0),
        ("nonsense", 64),
    ],
)
def test_the_exit_code_is_for_ci(root: Path, fail_on: str, code: int) -> None:
    assert run(root, *STAGING, "--fail-on", fail_on)[0] == code


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("infra/staging/broken.tf", "resource {"),
        ("infra/staging/broken.auto.tfvars", "size = "),
        ("infra/production/large.tf", "#" * 1024 * 1025),
    ],
)
def test_what_could_not_be_read_never_passes_a_check(tmp_path: Path, path: str, text: str) -> None:
    same = {f"infra/{name}/main.tf": CODE for name in ("production", "staging")}
    alike = lay_out(tmp_path, {**same, path: text})
    assert run(alike, *STAGING)[0] == 0, "a report says what it could not read"
    code, output = run(alike, *STAGING, "--fail-on", "any")
    assert (code, output.splitlines()[-1]) == (2, f"Not checked: {path} could not be read; the report says why.")
    assert run(alike, *STAGING, "--fail-on", "missing,unread")[0] == 1


@pytest.mark.parametrize("locked", ["infra/staging/main.tf", "infra/staging/inner"])
def test_a_file_that_others_own_is_named(root: Path, locked: str) -> None:
    lay_out(root, {"infra/staging/inner/main.tf": MORE, "infra/staging/more.tf": MORE})
    (root / locked).chmod(0)
    try:
        with modes_that_count():
            assert f"  {locked} could not be read: Permission denied" in run(root, *STAGING)[1].splitlines()
            assert run(root, *STAGING, "--fail-on", "extra")[0] == 2
            assert run(root, "staging", "--against", "production")[0] == 0
            done = CliRunner().invoke(app, ["adopt", "infra/staging", "--root", str(root)])
            assert (done.exit_code, done.stderr) == (
                2,
                f"{locked} could not be read: Permission denied. Nothing was written: make it readable, and run this again.\n",
            )
    finally:
        (root / locked).chmod(0o755)


def test_every_format_has_the_whole_report(root: Path) -> None:
    found = json.loads(run(root, *STAGING, "--json")[1])
    assert found == json.loads(run(root, *STAGING, "--format", "json")[1])
    assert found["counts"] == {"missing": 1, "extra": 0, "changed": 1, "by_identity": 0}
    page, markdown = run(root, *STAGING, "--format", "html")[1], run(root, *STAGING, "--format", "markdown")[1]
    for each in found["differences"]:
        for text in (page, markdown):
            assert each["address"] in text.replace("<wbr>", ""), each
    assert run(root, *STAGING, "--html", str(root / "p.html"))[0] == 0
    assert (root / "p.html").read_text("utf-8").strip() == page.strip()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("infra/nothing", "--against", "infra/production"), "infra/nothing does not exist"),
        (("live/qa", "--against", "infra/production"), "The code of live/qa is named in Terragrunt's configuration"),
        (("infra", "--against", "empty"), "There is no Terraform code in empty"),
        (("infra/staging/main.tf", "--against", "infra/production"), "name the directory"),
        (("infra", "--var-file", "gone.tfvars"), "could not be read"),
    ],
)
def test_what_can_not_be_compared_says_what_to_type(root: Path, words: tuple[str, ...], said: str) -> None:
    (root / "empty").mkdir()
    lay_out(root, {"live/qa/app/terragrunt.hcl": 'terraform {\n  source = "../../../modules//app"\n}\n'})
    code, output = run(root, *words)
    assert (code, said in output) == (2, True), output


def test_one_directory_alone_is_wrong_usage(root: Path) -> None:
    code, output = run(root, "infra/staging")
    assert (code, "Say what to compare infra/staging with" in output) == (64, True)


def test_symlinks_are_followed_inside_the_repository_and_named_where_they_leave_it(root: Path) -> None:
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    outside = lay_out(root.parent / "elsewhere", {"secret.tf": MORE})
    (root / "infra/staging/zone.tf").symlink_to(outside / "secret.tf")
    lay_out(root, {"shared/zone.tf": MORE})
    code, output = run(root, *STAGING)
    assert "infra/staging/zone.tf is a symlink that leads out of the repository" in output
    (root / "infra/staging/zone.tf").unlink()
    (root / "infra/staging/zone.tf").symlink_to("../../shared/zone.tf")
    code, output = run(root, *STAGING)
    assert (code, "Missing" in output) == (0, False)


def test_no_module_is_read_through_a_symlink_that_leaves_the_repository(root: Path) -> None:
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    lay_out(root.parent / "elsewhere/zone", {"main.tf": 'resource "terraform_data" "x" { input = "of-the-machine" }\n'})
    lay_out(root, {"infra/staging/more.tf": 'module "m" { source = "../../mods/link/zone" }\n', "mods/own.tf": ""})
    (root / "mods/link").symlink_to(root.parent / "elsewhere")
    output = run(root, *STAGING)[1]
    assert "mods/link/zone lies behind a symlink that leads out of the repository" in output
    assert "of-the-machine" not in output


def test_a_module_that_calls_itself_or_is_a_circle_of_links_ends(root: Path) -> None:
    lay_out(root, {"infra/staging/loop.tf": 'module "self" { source = "./" }\nmodule "up" { source = "../.." }\n'})
    (root / "infra/staging/circle").symlink_to("..")
    assert run(root, *STAGING)[0] == 0


def test_a_directory_without_a_name_is_not_the_whole_repository(root: Path) -> None:
    code, output = run(root, "", "--against", "infra/production")
    assert (code, "The first directory has no name" in output) == (64, True)
