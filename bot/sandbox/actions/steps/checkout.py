"""actions/checkout against the sandbox: a real fetch over smart HTTP with the workflow's token, which touches no disk."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from pathlib import Path

from bot.sandbox.actions.steps.toolkit import fail, inputs

COMMIT = re.compile(r"[0-9a-f]{40}")
TIMEOUT = 600


def main() -> None:
    """Fetch and check out what the inputs say."""
    given = inputs()
    repository, ref = given["repository"], given["ref"]
    if repository != os.environ["GITHUB_REPOSITORY"]:
        fail(f"the sandbox checks out only {os.environ['GITHUB_REPOSITORY']}, not {repository}")
    if given["persist-credentials"] != "false":
        fail("the sandbox writes no token to disk. Set `persist-credentials: false`")
    if os.environ["GITHUB_EVENT_NAME"] == "pull_request_target" and ref and _from_fork():
        fail("Refusing to check out fork pull request code from a 'pull_request_target' workflow.")
    directory = Path(os.environ["GITHUB_WORKSPACE"], given["path"])
    directory.mkdir(parents=True, exist_ok=True)
    git = _Git(directory, given["token"])
    git.run("init", "--quiet", "--initial-branch=main")
    git.run("remote", "add", "origin", f"{os.environ['GITHUB_SERVER_URL']}/{repository}.git")
    sparse = given["sparse-checkout"].split()
    _fetch(
        git,
        ref or os.environ["GITHUB_SHA"],
        int(given["fetch-depth"]),
        given["filter"] or ("blob:none" if sparse else ""),
    )
    if sparse and given["sparse-checkout-cone-mode"] == "true":
        git.run("sparse-checkout", "set", *sparse)
    elif sparse:
        git.run("config", "core.sparseCheckout", "true")
        with (directory / ".git" / "info" / "sparse-checkout").open("a") as file:
            file.write("".join(f"{pattern}\n" for pattern in ("", *sparse)))
    branch = os.environ["GITHUB_REF"].removeprefix("refs/heads/")
    git.run("checkout", "--quiet", "--force", *(("--detach",) if ref else ("-B", branch)), "FETCH_HEAD")
    git.run("--no-pager", "log", "-1", "--format=%H %s")


class _Git:
    def __init__(self, directory: Path, token: str) -> None:
        self._directory = directory
        basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ["HOME"],
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
        }

    def run(self, *arguments: str) -> None:
        argv = ["git", "-C", str(self._directory), *arguments]
        if subprocess.run(argv, env=self._environment, timeout=TIMEOUT, check=False).returncode:
            fail(f"git {' '.join(arguments)} failed")


def _fetch(git: _Git, wanted: str, depth: int, blobs: str) -> None:
    options = ["--quiet", "--no-recurse-submodules"]
    options += [f"--filter={blobs}"] if blobs else []
    if depth:
        options += [f"--depth={depth}", "--no-tags"]
    else:
        git.run("fetch", *options, "--tags", "origin", "+refs/heads/*:refs/remotes/origin/*")
    git.run("fetch", *options, "origin", wanted if COMMIT.fullmatch(wanted) else f"refs/heads/{wanted}")


def _from_fork() -> bool:
    event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    source = event["pull_request"]["head"]["repo"]
    return source is None or source["full_name"] != os.environ["GITHUB_REPOSITORY"]


if __name__ == "__main__":
    main()
