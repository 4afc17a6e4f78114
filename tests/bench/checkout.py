"""`envclone verify`, `list` and `parity --all` in a checkout of 1,001 environments of our own template (51 files each), against git's look at all files.

The first `verify` proves every environment; the second finds all of them proved, and so with `list` and `parity --all`. Each prints the time by the clock and of all processors.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from ipaddress import IPv4Network
from pathlib import Path
from shutil import copytree

from bot.clients.git.checkout import Checkout, own_checkout
from bot.core.rendering.assemble import assemble, read_manifest
from bot.core.rendering.inventory import Inventory
from bot.core.requests.clone import Base, Draft, draft_clone
from bot.model.environment import Manifest
from bot.model.policy import Policy
from bot.names import EnvironmentName
from tests import ROOT
from tests.support import example

CLONES = 1_000
NAME, NETWORK = "demo-0000", "vpc_cidr"
BASELINE = "git status --ignored"


def measure(clones: int = CLONES) -> list[tuple[str, float, str]]:
    """Return rows of (what, ratio to the baseline, baseline)."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "monorepo"
        grow(root, clones)
        cache = {"XDG_CACHE_HOME": scratch}
        base, _ = _took(["git", "-C", str(root), "status", "--ignored"], {})
        rows = []
        for what, line in (
            ("verify, nothing proved before", "verify"),
            ("verify, everything proved before", "verify"),
            ("list, nothing read before", "list"),
            ("list, everything read before", "list"),
            ("parity --all, nothing compared before", "parity --all"),
            ("parity --all, everything compared before", "parity --all"),
        ):
            seconds, busy = _took([sys.executable, "-m", "bot.cli.app", *line.split(), "--root", str(root)], cache)
            said = f"envclone {what}: {seconds:.1f} s, {busy:.1f} of the processor"
            rows.append((said, seconds / base, f"{BASELINE} ({base:.2f} s)"))
    return rows


def grow(root: Path, clones: int) -> None:
    """Write a monorepo of our own template with its production and so many clones, and commit it."""
    for each in ("templates", "envs", ".github"):
        copytree(ROOT / each, root / each)
    checkout = own_checkout(root)
    first = _first(checkout)
    template = checkout.read_template(first.template, checkout.template(first.template))
    network, text = IPv4Network(str(first.parameters[NETWORK])), first.model_dump_json(by_alias=True)  # type: ignore[index]
    for number in range(clones):
        own = json.loads(text.replace(NAME, f"demo-{number:04}"))
        address = int(network.network_address) + number * network.num_addresses
        own["parameters"][NETWORK] = str(IPv4Network((address, network.prefixlen)))
        manifest = Manifest.model_validate(own)
        checkout.write_environment(manifest.name, assemble(template, manifest))
    who = ("-c", "user.name=x", "-c", "user.email=x@x")
    for words in (("init", "-q"), ("add", "-A"), (*who, "commit", "-qm", "Grow")):
        subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True, timeout=600)


def _first(checkout: Checkout) -> Manifest:
    """Return the manifest of a clone, as it would be asked for."""
    name = EnvironmentName("production")
    files = checkout.environment(name)
    source = read_manifest(files, "envs/production")
    template = checkout.read_template(source.template, checkout.template(source.template))
    drafted = draft_clone(example.asked(NAME), Base(template, source, files, Inventory({name: source}), Policy()))
    assert isinstance(drafted, Draft), drafted
    return drafted.manifest


def _took(command: list[str], variables: dict[str, str]) -> tuple[float, float]:
    """Return how long a command takes, by the clock and of the processors."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, timeout=1_200, env={**os.environ, **variables})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
