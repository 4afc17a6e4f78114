"""A person's clone of a repository on the sandbox's GitHub, with the environment that their shell has."""

import base64
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.github import GitHubServer

REPOSITORY, PERSON = "acme/infrastructure", "ana"


@dataclass(frozen=True)
class PersonCheckout:
    """The server, the clone, and what the shell's environment says of GitHub."""

    github: GitHubServer
    root: Path
    environment: Mapping[str, str]

    def git(self, *words: str) -> str:
        """Run git as that person and return what it says."""
        argv = ["git", "-C", str(self.root), *words]
        return subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True).stdout.strip()


@contextmanager
def person_checkout(directory: Path, files: Mapping[str, str]) -> Iterator[PersonCheckout]:
    """Serve a repository with these files and clone it."""
    for path, text in files.items():
        place = directory / "source" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    github = GitHubServer(directory / "github")
    with github.running():
        github.create_repository(REPOSITORY, directory / "source")
        token = github.add_user(PERSON, REPOSITORY, "write")
        root, url = directory / "clone", f"{github.url}/{REPOSITORY}.git"
        header = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        options = [f"http.extraHeader=Authorization: Basic {header}"]
        kept = ["user.name=Ana", "user.email=ana@acme.example"]
        argv = ["git", *_each("-c", options), "clone", "--quiet", *_each("-c", kept), url, str(root)]
        subprocess.run(argv, capture_output=True, timeout=120, check=True)
        said = {"GH_TOKEN": token, "GITHUB_API_URL": f"{github.url}/api/v3", "GITHUB_SERVER_URL": github.url}
        yield PersonCheckout(github, root, said)


def _each(option: str, values: list[str]) -> list[str]:
    return [word for value in values for word in (option, value)]
