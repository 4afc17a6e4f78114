"""Values that two environments hold: while a clone's branch or its directory is there, its networks are its own."""

import re
from collections import defaultdict
from collections.abc import Iterator

from bot.core.requests.branches import read_branch
from bot.model.environment import MANIFEST
from tests.support.serving import Serving
from tests.support.small_monorepo import REPOSITORY

VALUE = "vpc_cidr"
"""The parameter of the tests' template that is allocated, out of 256 networks."""
_LINE = re.compile(rf"(?P<commit>\w+):envs/(?P<name>[^/]+)/{re.escape(MANIFEST)}: +{VALUE}: +(?P<value>\S+)")


def held_twice(service: Serving) -> Iterator[str]:
    """Yield each value that two environments hold now, on the default branch or by a branch that proposes one, with their names."""
    server = service.server
    repository = server.repository(REPOSITORY)
    bare = server.forge.bare(repository)
    # Of which environment a commit tells; None for the default branch, which tells of all. By commits, since branches move meanwhile.
    proposed: dict[str, str | None] = {}
    for ref, commit, _ in bare.references("refs/heads/"):
        name = ref.removeprefix("refs/heads/")
        branch = read_branch(name)
        if name == repository.default_branch:
            proposed[commit] = None
        elif branch is not None and branch.kind == "clone":
            proposed.setdefault(commit, branch.environment)
    found = bare.run("grep", "-E", f"^  {VALUE}: ", *proposed, "--", f"envs/*/{MANIFEST}", ok=(0, 1)).stdout.decode()
    holders: defaultdict[str, set[str]] = defaultdict(set)
    for line in _LINE.finditer(found):
        # A clone's branch has the others as they were when it was pushed: they may be gone since.
        if proposed[line["commit"]] in {None, line["name"]}:
            holders[line["value"]].add(line["name"])
    yield from (f"{VALUE} {value} held by {sorted(names)}" for value, names in holders.items() if len(names) > 1)
