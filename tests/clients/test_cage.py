"""What a program may reach, and what is said where it can't be confined."""

import shlex
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bot.clients.cage import Cage, landlock, reach_of, unconfined
from bot.clients.confined import BOUNDS_SOCKETS, KNOWS_PORTS, KNOWS_SCOPES, rights
from bot.clients.terraform.access import access
from bot.core.tree import UNSAVED_STATE
from bot.errors import UserError
from bot.model.confinement import Confinement
from tests.support.patience import PATIENCE

ENVIRONMENT = {"PATH": "/usr/bin:/bin"}

confines = pytest.mark.skipif(not landlock(), reason="this machine has no Landlock")


def said(cage: Cage, script: str, **variables: str) -> str:
    environment = {**ENVIRONMENT, **variables}
    argv = cage.argv(["sh", "-c", script], environment)
    ran = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
    return ran.stdout + ran.stderr


@confines
def test_a_program_reads_and_writes_what_it_was_given_and_no_more(tmp_path: Path) -> None:
    for name in ("read", "write", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(f"what is in {name}\n")
    cage = Cage((tmp_path / "read", tmp_path / "absent"), (tmp_path / "write",))
    script = "; ".join(
        f"cat {tmp_path}/{name}/file; echo new >{tmp_path}/{name}/new" for name in ("read", "write", "other")
    )
    shown = said(cage, f"{script}; mv {tmp_path}/write/new {tmp_path}/write/moved; echo x >/dev/null && echo fine")
    assert "what is in read" in shown
    assert "what is in write" in shown
    assert "what is in other" not in shown
    assert "fine" in shown
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["file", "file", "file", "moved"]


@confines
def test_what_it_starts_is_confined_as_well(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("hidden")
    assert "hidden" not in said(
        Cage(), f"python3 -c 'print(open(\"{tmp_path}/file\").read())'; sh -c 'cat {tmp_path}/file'"
    )


@confines
def test_its_own_credentials_are_read_and_the_rest_of_the_home_directory_is_not(tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("profile\n")
    (tmp_path / ".netrc").write_text("password\n")
    (tmp_path / "bin").mkdir()
    shown = said(Cage(), "cat ~/.aws/config ~/.netrc", HOME=str(tmp_path), PATH=f"{tmp_path}/bin:/usr/bin:/bin")
    assert "profile" in shown
    assert "password" not in shown


def test_what_can_t_be_run_is_said_before_anything_is_started(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no program")
    with pytest.raises(FileNotFoundError):
        Cage().argv(["no-such-program"], ENVIRONMENT)
    with pytest.raises(PermissionError):
        Cage().argv([str(tmp_path / "file")], ENVIRONMENT)


def test_without_landlock_nothing_is_run_unless_the_policy_consents() -> None:
    assert unconfined(Confinement(), 1) is None
    with pytest.raises(UserError, match=r"set `confinement: \{required: false\}`"):
        unconfined(Confinement(), 0)
    assert "not confined" in str(unconfined(Confinement(required=False), 0))


CONNECTS = 'python3 -c \'import socket; socket.create_connection(("127.0.0.1", {}), timeout=60); print("connected")\''


@pytest.mark.skipif(landlock() < KNOWS_PORTS, reason="this machine's Landlock knows no ports")
def test_a_program_connects_to_the_ports_that_the_policy_names_and_no_other() -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        named, unnamed = one.getsockname()[1], other.getsockname()[1]
        cage = Cage() + reach_of(Confinement(ports=(named,)))
        assert "connected" in said(cage, CONNECTS.format(named))
        assert "PermissionError" in said(cage, CONNECTS.format(unnamed))
        assert "connected" in said(Cage() + reach_of(Confinement()), CONNECTS.format(unnamed))


def test_a_machine_that_bounds_no_ports_runs_nothing_that_the_policy_bounds() -> None:
    with pytest.raises(UserError, match="leave `ports` out of `confinement`"):
        unconfined(Confinement(ports=(443,)), KNOWS_PORTS - 1)
    assert unconfined(Confinement(ports=(443,)), KNOWS_PORTS) is None


SPEAKS = 'python3 -c \'import socket; socket.socket(socket.AF_UNIX).connect("{}"); print("connected")\''


@confines
def test_sockets_that_have_a_path_are_bounded_where_the_kernel_can_and_abstract_ones_before_that(
    tmp_path: Path,
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(outside / "daemon.sock"))
        listener.listen()
        shown = said(Cage(), SPEAKS.format(outside / "daemon.sock"))
        assert ("PermissionError" if landlock() >= BOUNDS_SOCKETS else "connected") in shown
        assert "connected" in said(Cage(writes=(outside,)), SPEAKS.format(outside / "daemon.sock"))
    if landlock() >= KNOWS_SCOPES:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"\0{outside}")
            listener.listen()
            assert "PermissionError" in said(Cage(), SPEAKS.format(f"\\0{outside}"))


def test_no_version_is_asked_for_what_it_does_not_know() -> None:
    known = {version: rights(version) for version in range(1, BOUNDS_SOCKETS + 2)}
    # The highest right of each version, by the kernel's documentation: make symlinks, refer, truncate, ioctl, resolve.
    assert [known[version].bit_length() - 1 for version in known] == [12, 13, 14, 14, 15, 15, 15, 15, 16, 16]
    assert all(known[version] & ~known[version + 1] == 0 for version in range(1, BOUNDS_SOCKETS + 1))


def test_the_policy_names_places_below_home_too() -> None:
    reach = reach_of(Confinement(reads=("~/.kube", "/etc/company"), writes=("/var/cache/x",)))
    assert reach == Cage((Path.home() / ".kube", Path("/etc/company")), (Path("/var/cache/x"),))


def test_terraform_reads_the_modules_that_the_stack_calls_and_no_way_out(tmp_path: Path) -> None:
    root = tmp_path / "checkout"
    stack = root / "envs" / "demo-x" / "app"
    for place in (
        root / ".git",
        root / "modules" / "one",
        root / "modules" / "two",
        stack / "inner",
        tmp_path / "outside",
    ):
        place.mkdir(parents=True)
    (root / "modules" / "way").symlink_to(tmp_path / "outside")
    sources = [
        "../../../modules/one",
        "./inner",
        "../../../modules/way",
        "../../../.git",
        "../../..",
        "../../../../outside",
    ]
    calls = "".join(f'module "m{number}" {{\n  source = "{source}"\n}}\n' for number, source in enumerate(sources))
    (stack / "main.tf").write_text(f'terraform {{\n  backend "s3" {{}}\n}}\n{calls}')
    (root / "modules" / "one" / "main.tf").write_text('module "two" {\n  source = "../two"\n}\n')
    cage = access(stack, tmp_path / "own", {}, installs=False)
    inside = {path for path in cage.reads if tmp_path in path.parents}
    assert inside == {stack, stack / "inner", root / "modules" / "one", root / "modules" / "two"}
    assert set(cage.writes) == {tmp_path / "own", stack / UNSAVED_STATE}


def test_only_installing_reads_credentials_and_fills_the_cache(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('terraform {\n  backend "s3" {}\n}\n')
    environment = {"HOME": "/home/somebody", "TF_PLUGIN_CACHE_DIR": "/cache"}
    installs, plans = (access(tmp_path, tmp_path / "own", environment, installs=installs) for installs in (True, False))
    assert Path("/home/somebody/.netrc") in installs.reads
    assert Path("/home/somebody/.netrc") not in plans.reads
    assert Path("/cache") in installs.writes
    assert Path("/cache") in plans.reads
    assert Path("/cache") not in plans.writes


def test_mirrors_that_the_machine_s_configuration_names_are_read_however_its_blocks_are_written(tmp_path: Path) -> None:
    named = tmp_path / "machine.tfrc"
    one_line = 'provider_installation { filesystem_mirror { include = ["#/x", "x"], path = "/one" } filesystem_mirror { path="/two" } }'
    named.write_text(
        f'{one_line}\n# path = "/none"\nfilesystem_mirror {{\n  path = "/three"\n}} // path = "/none"\nplugin_cache_dir="/four"\n'
    )
    reads = access(tmp_path, tmp_path / "own", {"TF_CLI_CONFIG_FILE": str(named)}, installs=False).reads
    assert [str(each) for each in reads if len(each.parts) == 2] == ["/one", "/two", "/three", "/four"]


def test_a_start_takes_no_second_interpreter_with_libraries() -> None:
    argv = Cage().argv(["true"], ENVIRONMENT)
    assert not landlock() or argv[:3] == [sys.executable, "-I", "-S"]


@confines
def test_nothing_in_a_path_is_taken_for_another_path(tmp_path: Path) -> None:
    odd = tmp_path / "a\n1\n'\" ü"
    for place in (odd, tmp_path / "1"):
        place.mkdir()
        (place / "file").write_text(f"what is in {place.name}\n")
    shown = said(Cage((odd,)), f"cat {shlex.quote(str(odd))}/file {tmp_path}/1/file")
    assert f"what is in {odd.name}" in shown
    assert "what is in 1\n" not in shown
