"""Which providers are not read again by each command, and that nobody is warned of it."""

from pathlib import Path

import pytest

from bot.clients.cage import landlock
from bot.clients.terraform.checked_providers import CONFIG, as_they_are, checked_providers
from bot.clients.terraform.output import TerraformEvent
from bot.clients.terraform.terraform import Terraform
from tests.support.terraform import write

ADDRESS = "registry.terraform.io/hashicorp/aws"
PLACE = f"providers/{ADDRESS}/5.100.0/linux_amd64"

pytestmark = pytest.mark.skipif(
    not landlock(), reason="nothing is confined here, so any provider may have been changed"
)


def installed(data: Path, lies: Path) -> Path:
    """Link a provider into Terraform's data, as `init` does from a mirror; return where it lies."""
    lies.mkdir(parents=True)
    (data / PLACE).parent.mkdir(parents=True)
    (data / PLACE).symlink_to(lies)
    return lies


def test_a_provider_in_a_mirror_is_checked_once(tmp_path: Path) -> None:
    mirror = installed(tmp_path / "private/data", tmp_path / "mirror")
    assert checked_providers(tmp_path / "private/data", [tmp_path / "private"]) == {ADDRESS: mirror}


@pytest.mark.parametrize("lies", ["private/data/copied", "stack/terraform.d/plugins/aws"])
def test_one_that_could_have_been_overwritten_is_checked_by_each_command(tmp_path: Path, lies: str) -> None:
    installed(tmp_path / "private/data", tmp_path / lies)
    assert checked_providers(tmp_path / "private/data", [tmp_path / "private", tmp_path / "stack"]) == {}
    assert as_they_are({}, tmp_path, {}) == {}


def test_a_machine_s_configuration_that_says_more_than_where_providers_are_stays(tmp_path: Path) -> None:
    named = tmp_path / "machine.tfrc"
    checked = {ADDRESS: tmp_path / "mirror"}
    named.write_text(
        'disable_checkpoint = true\nprovider_installation {\n  filesystem_mirror {\n    path = "/x"\n  }\n}\n'
    )
    assert as_they_are(checked, tmp_path, {CONFIG: str(named)}) != {}
    for more in (
        'credentials "app.terraform.io" {\n  token = "x"\n}\n',
        "provider_installation { dev_overrides { } }\n",
    ):
        named.write_text(more)
        assert as_they_are(checked, tmp_path, {CONFIG: str(named)}) == {}


TERRAFORM = f"""#!/bin/sh
if [ "$1" = init ]; then
  mkdir -p "$TF_DATA_DIR/{PLACE}" && rmdir "$TF_DATA_DIR/{PLACE}"
  ln -s MIRROR "$TF_DATA_DIR/{PLACE}"
  exit
fi
said=$(tr -d '\\n"' <"${CONFIG}")
echo '{{"@message": "Warning", "type": "diagnostic", "diagnostic": {{"severity": "warning", "summary": "Provider development overrides are in effect"}}}}'
echo "{{\\"@message\\": \\"$said\\", \\"type\\": \\"log\\"}}"
"""
"""A program that says which configuration it was given, and the warning that Terraform has for it."""


def test_commands_after_init_take_it_as_it_is_and_nobody_is_warned(tmp_path: Path) -> None:
    (tmp_path / "mirror").mkdir()
    write(tmp_path, {"terraform": TERRAFORM.replace("MIRROR", str(tmp_path / "mirror"))})
    (tmp_path / "terraform").chmod(0o755)
    (tmp_path / "stack").mkdir()
    events: list[TerraformEvent] = []
    with Terraform(tmp_path / "terraform", {"PATH": "/usr/bin:/bin"}).opened(tmp_path / "stack") as module:
        module.init()
        module.plan({}, on_event=events.append)
    [event] = events
    assert f"dev_overrides {{    {ADDRESS} = {tmp_path / 'mirror'}  }}" in event.message
