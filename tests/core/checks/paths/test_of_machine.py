"""What is a path of the machine, and what only looks like one."""

import pytest

from bot.core.checks.paths.of_machine import is_of_machine


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        ("callback_url", "/login"),
        ("valid_redirect_uris", "/*"),
        ("url_template", "/v1/{id}"),
        ("mount_path", "/data"),
        ("mountPath", "/data"),
        ("working_dir", "/app"),
        ("command", "/bin/sh"),
        ("parent", "//compute.example.com/projects/x"),
        ("delimiter", "/"),
        ("image", "ghcr.io/acme/x:1"),
        ("text", "see https://example.com/a/../b"),
    ],
)
def test_parts_of_an_address_and_paths_in_a_container_are_none(argument: str, text: str) -> None:
    assert not is_of_machine(argument, text, is_known=False)


@pytest.mark.parametrize(
    "text", ["/etc/passwd", "//etc/passwd", "/./etc", "~", "~root/x", "..", "../x", "a/../../x", "file:x"]
)
def test_everything_else_that_leaves_the_module_is_one(text: str) -> None:
    assert is_of_machine("anything", text, is_known=False)


@pytest.mark.parametrize("text", ["~/x", "../x", "file:/x", "/proc/self/environ"])
def test_what_is_hardly_anything_else_is_one_of_a_known_provider_too(text: str) -> None:
    assert is_of_machine("anything", text, is_known=True)
    assert not is_of_machine("anything", "/subscriptions/x", is_known=True)
