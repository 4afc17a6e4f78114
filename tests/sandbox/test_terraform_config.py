"""Terraform in the sandbox finds its providers on the disk where it can, and says what is missing where it can't."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.errors import UserError
from bot.sandbox.terraform_config import PROVIDER, configuration, mirror, terraform, terraform_environment


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    """A mirror in the place that Terraform implies for a user."""
    plugins = tmp_path / "home" / ".terraform.d" / "plugins"
    (plugins / PROVIDER).mkdir(parents=True)
    return plugins


def test_a_mirror_in_a_conventional_place_is_found(tmp_path: Path, plugins: Path) -> None:
    assert mirror({"HOME": str(tmp_path / "home")}) == plugins


def test_whoever_reads_the_configuration_while_it_is_written_again_reads_all_of_it(
    tmp_path: Path, plugins: Path
) -> None:
    environ = {"HOME": str(tmp_path / "home")}
    path = Path(terraform_environment(tmp_path / "cli", environ)["TF_CLI_CONFIG_FILE"])
    whole, file = configuration(plugins), path.stat().st_ino
    with ThreadPoolExecutor(2) as pool:
        writing = pool.submit(lambda: [terraform_environment(tmp_path / "cli", environ) for _ in range(200)])
        while not writing.done():
            assert (path.read_text(), path.stat().st_ino) == (whole, file), (
                "Landlock holds to the file, not to its name"
            )
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_mirror_that_is_named_comes_first(tmp_path: Path, plugins: Path) -> None:
    named = tmp_path / "elsewhere"
    (named / PROVIDER).mkdir(parents=True)
    assert mirror({"HOME": str(tmp_path / "home"), "TF_PLUGIN_MIRROR": str(named)}) == named


def test_a_named_directory_without_the_provider_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="TF_PLUGIN_MIRROR is"):
        mirror({"TF_PLUGIN_MIRROR": str(tmp_path)})


def test_a_directory_without_our_provider_is_no_mirror(tmp_path: Path) -> None:
    (tmp_path / ".terraform.d" / "plugins" / "registry.terraform.io" / "acme").mkdir(parents=True)
    found = mirror({"HOME": str(tmp_path)})
    assert found is None or not found.is_relative_to(tmp_path)


def test_a_configuration_that_exists_is_used_as_it_is(tmp_path: Path) -> None:
    own = tmp_path / "own.rc"
    own.write_text("")
    environment = terraform_environment(tmp_path / "sandbox", {"TF_CLI_CONFIG_FILE": str(own)})
    assert environment["TF_CLI_CONFIG_FILE"] == str(own)
    assert not (tmp_path / "sandbox").exists()


def test_a_configuration_is_written_where_the_named_one_does_not_exist(tmp_path: Path, plugins: Path) -> None:
    environ = {"HOME": str(tmp_path / "home"), "TF_CLI_CONFIG_FILE": str(tmp_path / "absent.rc")}
    environment = terraform_environment(tmp_path / "sandbox", environ)
    text = Path(environment["TF_CLI_CONFIG_FILE"]).read_text()
    assert f'path    = "{plugins}"' in text
    assert environment["TF_IN_AUTOMATION"] == "1"


def test_without_a_mirror_providers_are_installed_directly() -> None:
    assert configuration(None) == "disable_checkpoint = true\n"


def test_a_missing_program_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="Neither `terraform` nor `tofu` is on PATH"):
        terraform()


@pytest.mark.parametrize(("present", "chosen"), [(("terraform", "tofu"), "terraform"), (("tofu",), "tofu")])
def test_opentofu_stands_in_for_terraform(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, present: tuple[str, ...], chosen: str
) -> None:
    for name in present:
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert terraform() == tmp_path / chosen
