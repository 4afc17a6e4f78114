"""Symlinks in a directory: kept as links, read as what they lead to, and held to lie inside."""

import pytest

from bot.core.tree import File, broken_links, tree_id, with_links
from bot.errors import UserError

FILES = {"app/main.tf": File(b"x"), "common/names.tf": File(b"y", executable=True), "common/run": File(b"z")}


def test_a_link_has_the_bytes_of_its_file_and_git_s_id_of_itself() -> None:
    found = with_links(FILES, {"app/names.tf": "../common/names.tf"}, "envs/x")
    assert found["app/names.tf"] == File(b"y", link="../common/names.tf")
    assert tree_id(found) != tree_id({**FILES, "app/names.tf": File(b"y")})
    assert broken_links(found) == []


@pytest.mark.parametrize(
    "target",
    ["", "/etc/passwd", "../../x", "../common", "../common/none.tf", "..", "../common//names.tf", "../common/run", "..\\common", "\udcff", "~/x.tf", "names.tf"],
)  # fmt: skip
def test_a_link_that_leads_elsewhere_is_refused_with_what_to_do(target: str) -> None:
    with pytest.raises(UserError, match=r"envs/x/app/names\.tf is a symlink to .*Commit the file itself"):
        with_links(FILES, {"app/names.tf": target}, "envs/x")


def test_a_link_leads_to_no_other_link() -> None:
    links = {"app/a.tf": "b.tf", "app/b.tf": "main.tf"}
    with pytest.raises(UserError, match=r"app/a\.tf is a symlink"):
        with_links(FILES, links, "envs/x")


@pytest.mark.parametrize("name", ["environment.yaml", "hooks.yaml", "template.yaml"])
def test_a_document_is_no_link(name: str) -> None:
    with pytest.raises(UserError, match="commit the file itself"):
        with_links(FILES, {name: "common/run"}, "envs/x")


def test_a_link_whose_file_is_not_as_it_was_is_broken() -> None:
    found = with_links(FILES, {"app/names.tf": "../common/names.tf"}, "envs/x")
    assert broken_links({**found, "common/names.tf": File(b"other")}) == ["app/names.tf"]
    assert broken_links({path: file for path, file in found.items() if path != "common/names.tf"}) == ["app/names.tf"]
