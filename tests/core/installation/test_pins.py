"""An action is pinned by a commit or a digest, or is the repository's own; nothing else holds still."""

import pytest

from bot.core.installation.pins import loose

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (f"- uses: actions/checkout@{COMMIT} # v7.0.1", []),
        (f'  uses: "acme/tools/.github/workflows/x.yml@{COMMIT}"', []),
        ("- uses: ./.github/actions/setup", []),
        (f"- uses: docker://alpine@sha256:{'a' * 64}", []),
        ("# uses: actions/checkout@v4", []),
        ("- uses: actions/checkout@v4", ["actions/checkout@v4"]),
        ("- uses: 'actions/checkout@main'", ["actions/checkout@main"]),
        ("- {uses: actions/checkout@v4, with: {}}", ["actions/checkout@v4"]),
        (f"- uses: actions/checkout@{COMMIT[:12]}", [f"actions/checkout@{COMMIT[:12]}"]),
        (f"- uses: docker://alpine@{COMMIT}", [f"docker://alpine@{COMMIT}"]),
        ("- uses: docker://alpine:3.20", ["docker://alpine:3.20"]),
    ],
)
def test_what_can_be_moved_is_named(line: str, found: list[str]) -> None:
    assert loose(f"jobs:\n  plan:\n    steps:\n      {line}\n") == found
