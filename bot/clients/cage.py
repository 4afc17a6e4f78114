"""What a program may read and write of this machine, and how it is held to that (`confined`).

The gate reads code before it is run. Should something slip past it, there is nothing to win: neither the processes around it
(`/proc`) with their tokens, nor the runner's files, nor the checkout's `.git`, nor what is in the home directory, nor another
environment's files.
"""

import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bot.clients import confined
from bot.errors import UserError
from bot.model.confinement import Confinement
from bot.model.policy import PATH as POLICY

SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store"),
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives"),
    *("/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols"),
    *("/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/etc/ca-certificates.conf", "/etc/crypto-policies"),
    *("/etc/localtime", "/etc/timezone", "/etc/mime.types", "/etc/locale.alias", "/etc/bash.bashrc", "/etc/inputrc"),
    *("/dev/urandom", "/dev/random", "/dev/zero"),
)  # fmt: skip
"""Programs, libraries, names of hosts, certificates, the clock. Not `/etc` whole: people keep keys there."""

DEVICES = ("/dev/null",)

INTERPRETERS = ("python3", "node", "bash")
"""Programs that read a library of their own. A script names them by `#!/usr/bin/env`, so each program may come to need them."""

_NAMES_A_FILE = (
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "AWS_CA_BUNDLE"),
    *("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
    *("GOOGLE_APPLICATION_CREDENTIALS", "ARM_OIDC_TOKEN_FILE_PATH", "ARM_CLIENT_CERTIFICATE_PATH"),
)  # fmt: skip
"""Variables that name a file which belongs to the program's own credentials or certificates."""


@dataclass(frozen=True, slots=True)
class Cage:
    """What a program may read, programs in it also run, and what it may change as well; `ports` of TCP, None for any."""

    reads: tuple[Path, ...] = ()
    writes: tuple[Path, ...] = ()
    ports: tuple[int, ...] | None = None

    def __add__(self, other: "Cage") -> "Cage":
        bounded = [each.ports for each in (self, other) if each.ports is not None]
        ports = tuple(port for each in bounded for port in each) if bounded else None
        return Cage((*self.reads, *other.reads), (*self.writes, *other.writes), ports)

    def argv(self, argv: Sequence[str], environment: Mapping[str, str]) -> list[str]:
        """Return the argument list that runs `argv` with this and no more; `argv` itself where there is no Landlock.

        Raises `FileNotFoundError` or `PermissionError` for what can't be run.
        """
        found = shutil.which(argv[0], path=environment.get("PATH", os.defpath))
        if found is None:
            raise (PermissionError if Path(argv[0]).is_file() else FileNotFoundError)(f"{argv[0]} can't be run")
        if not landlock():
            return list(argv)
        reads = [*SYSTEM, *_programs(Path(found), environment), *_own_files(environment), *map(str, self.reads)]
        access = confined.words(reads, [*DEVICES, *map(str, self.writes)], self.ports)
        return [sys.executable, "-I", "-S", confined.__file__, *access, str(Path(found).absolute()), *argv[1:]]


NOTHING = Cage()
"""Nothing besides what every program needs."""


@lru_cache(maxsize=1)
def landlock() -> int:
    """Return the version of Landlock that this machine has, 0 for none."""
    return confined.abi()


def unconfined(confinement: Confinement, version: int) -> str | None:
    """Return what a run must say where its programs are not confined, None where they are. Raises `UserError` without the policy's consent."""
    if version and confinement.ports and version < confined.KNOWS_PORTS:
        raise UserError(
            "This machine can't bound the ports to which Terraform and hooks' programs connect (Linux 6.7 or newer can): use another "
            f"runner, or leave `ports` out of `confinement` in {POLICY}."
        )
    if version:
        return None
    if confinement.required:
        raise UserError(
            "Terraform and hooks' programs can't be confined on this machine: it has no Landlock (Linux 5.13 or newer has it, "
            "unless it is switched off). Use another runner, or allow them to run anyway: set `confinement: "
            f"{{required: false}}` in {POLICY}."
        )
    return (
        "Terraform and hooks' programs are not confined here: this machine has no Landlock, and the policy allows that."
    )


def reach_of(confinement: Confinement) -> Cage:
    """Return what the policy lets programs reach besides their own."""
    return Cage(
        tuple(Path(place).expanduser() for place in confinement.reads),
        tuple(Path(place).expanduser() for place in confinement.writes),
        confinement.ports or None,
    )


def _programs(program: Path, environment: Mapping[str, str]) -> Iterable[str]:
    """Yield the program, whatever else it finds on PATH, and what it and interpreters were installed with outside the system."""
    path = environment.get("PATH", os.defpath)
    yield from filter(os.path.isabs, path.split(os.pathsep))
    interpreters = (shutil.which(name, path=path) for name in INTERPRETERS)
    home = Path(environment.get("HOME") or Path.home())
    for each in (program, *(Path(found) for found in interpreters if found is not None)):
        for place in (each.absolute(), each.resolve()):
            yield str(place)
            # A library in a tool cache, a virtual environment or a version manager; never the home directory, for its `~/bin`.
            prefix = place.parent.parent
            if place.parent.name in {"bin", "shims"} and prefix not in {home, *home.parents, home / ".local"}:
                yield str(prefix)


def _own_files(environment: Mapping[str, str]) -> Iterable[str]:
    for name in _NAMES_A_FILE:
        yield from filter(None, environment.get(name, "").split(":" if name == "SSL_CERT_DIR" else "\0"))
    if home := environment.get("HOME"):
        yield f"{home}/.aws"
