"""Law 8: a three-way merge loses nothing that was edited by hand, and nothing that the template changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clients.git.merge_file import merge_text
from bot.core.rendering.merge import (
    FileConflict,
    FileKept,
    FileMerged,
    FileTaken,
    TextSides,
    conflict_lines,
    merge,
    merged_tree,
)
from bot.core.tree import File, Tree
from bot.errors import UserError
from tests.support.budget import examples

TEXTS = st.lists(st.sampled_from(["a", "b", "c = 1", "}", "", "é"]), max_size=6).map("\n".join)
FILES = st.builds(File, TEXTS.map(str.encode) | st.binary(max_size=4), st.booleans())
TREES = st.dictionaries(st.sampled_from(["main.tf", "app/main.tf", "app/x.json", "seed"]), FILES, max_size=4)
TEN = [f"line {number}\n" for number in range(10)]


def never(sides: TextSides) -> bytes:
    raise AssertionError(f"nothing had to be merged by lines: {sides}")


def merged(base: Tree, ours: Tree, theirs: Tree) -> Tree:
    return merged_tree(merge(base, ours, theirs, merge_text), "envs/demo-x")


def one(
    base: bytes | None, ours: bytes | None, theirs: bytes | None
) -> FileKept | FileTaken | FileMerged | FileConflict:
    sides: list[Tree] = [{} if data is None else {"main.tf": File(data)} for data in (base, ours, theirs)]
    return merge(sides[0], sides[1], sides[2], merge_text)["main.tf"]


def with_line(number: int, text: str) -> bytes:
    return "".join([*TEN[:number], f"{text}\n", *TEN[number + 1 :]]).encode()


@given(TREES, TREES)
def test_law_8_an_unchanged_template_changes_nothing(base: Tree, ours: Tree) -> None:
    assert merged_tree(merge(base, ours, base, never), "envs/demo-x") == ours


@given(TREES, TREES)
def test_law_8_without_hand_edits_the_result_is_the_new_rendering_byte_for_byte(base: Tree, theirs: Tree) -> None:
    assert merged_tree(merge(base, base, theirs, never), "envs/demo-x") == theirs


@given(TREES, TREES)
def test_law_8_what_was_edited_to_what_the_template_became_is_no_conflict(base: Tree, theirs: Tree) -> None:
    assert merged_tree(merge(base, theirs, theirs, never), "envs/demo-x") == theirs


@examples(30)
@given(TREES, TREES, TREES)
def test_law_8_merging_twice_is_merging_once(base: Tree, ours: Tree, theirs: Tree) -> None:
    once = merged(base, ours, theirs)
    assert merged(theirs, once, theirs) == once


@examples(30)
@given(st.permutations(range(0, 10, 3)), st.integers(1, 3))
def test_law_8_a_hand_edit_outside_of_what_the_template_changed_survives(places: list[int], edited: int) -> None:
    base = "".join(TEN).encode()
    ours, theirs, both = list(TEN), list(TEN), list(TEN)
    for number in places[:edited]:
        ours[number] = both[number] = "by hand\n"
    for number in places[edited:]:
        theirs[number] = both[number] = "by the template\n"
    found = one(base, "".join(ours).encode(), "".join(theirs).encode())
    assert found == FileMerged(File("".join(both).encode()))


def test_lines_that_both_changed_are_a_conflict_with_its_lines_and_both_versions() -> None:
    found = one("".join(TEN).encode(), with_line(4, "by hand"), with_line(4, "by the template"))
    assert isinstance(found, FileConflict)
    assert found.file is not None
    assert found.lines == ((5, 11),)
    assert conflict_lines(found.file.data.decode()) == [(5, 11)]
    for version in (b"by hand", b"line 4", b"by the template"):
        assert version in found.file.data


def test_a_file_that_one_side_edited_and_the_other_removed_is_a_conflict() -> None:
    base = "".join(TEN).encode()
    for ours, theirs in ((with_line(4, "edited"), None), (None, with_line(4, "edited"))):
        found = one(base, ours, theirs)
        assert isinstance(found, FileConflict)
        assert found.lines
    assert one(base, base, None) == FileTaken(None)
    assert one(base, None, base) == FileKept(None)


def test_two_files_of_one_name_are_a_conflict_unless_they_are_the_same() -> None:
    assert isinstance(one(None, b"ours\n", b"theirs\n"), FileConflict)
    assert one(None, b"same\n", b"same\n") == FileKept(File(b"same\n"))


def test_what_cannot_be_merged_by_lines_stays_as_it_is_and_is_named() -> None:
    assert one(b"\0a", b"\0b", b"\0c") == FileConflict(File(b"\0b"))
    link, other = File(b"x", link="x.tf"), File(b"y", link="y.tf")
    found = merge({"main.tf": link}, {"main.tf": File(b"x")}, {"main.tf": other}, never)
    assert found == {"main.tf": FileConflict(File(b"x"))}


def test_an_edit_and_a_mode_come_together() -> None:
    base, edited = "".join(TEN).encode(), with_line(4, "by hand")
    changed = File(with_line(8, "by the template"), executable=True)
    found = merge({"seed": File(base)}, {"seed": File(edited)}, {"seed": changed}, merge_text)["seed"]
    assert isinstance(found, FileMerged)
    assert found.file is not None
    assert found.file.executable
    kept = merge(
        {"seed": File(base)}, {"seed": File(edited, executable=True)}, {"seed": File(changed.data)}, merge_text
    )
    assert kept["seed"].file is not None
    assert kept["seed"].file.executable


def test_a_symlink_is_merged_by_what_it_says_and_leads_to_what_lies_there_afterwards() -> None:
    def tree(target: bytes) -> Tree:
        return {"x.tf": File(target), "link.tf": File(target, link="x.tf")}

    assert merged(tree(b"a\n"), tree(b"by hand\n"), tree(b"a\n")) == tree(b"by hand\n")
    assert merged(tree(b"a\n"), tree(b"a\n"), tree(b"b\n")) == tree(b"b\n")


def test_a_file_that_one_side_removed_and_the_other_filled_is_a_conflict() -> None:
    assert one(b"", None, b"filled\n") == FileConflict(None)
    assert one(b"", b"filled\n", None) == FileConflict(File(b"filled\n"))


def test_what_a_text_says_of_conflicts_itself_is_none() -> None:
    said = b"<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> main\n"
    for end in (b"\n", b"\r\n"):
        base, middle = said.replace(b"\n", end), b"".join(line.encode() for line in TEN).replace(b"\n", end)
        ours, theirs = base + middle + b"by hand" + end, b"by the template" + end + base + middle
        found = one(base + middle, ours, theirs)
        assert found == FileMerged(File(theirs + b"by hand" + end))
    assert isinstance(one(said + b"a\n", said + b"b\n", said + b"c\n"), FileConflict)
    left = one(b"".join(line.encode() for line in TEN), with_line(4, "by hand"), with_line(4, "by the template")).file
    assert left is not None
    again = one(left.data, left.data + b"by hand\n", left.data + b"by the template\n")
    assert isinstance(again, FileConflict)
    assert again.lines == ((5, 11), (17, 22))
    assert conflict_lines(f"{said.decode()}{said.decode().replace('HEAD', 'mine')}", said.decode()) == [(6, 10)]


@pytest.mark.parametrize(
    ("ours", "theirs"), [("rules", "rules/one"), ("RULES", "rules/one"), ("Seed", "seed"), ("a/b/c", "a")]
)
def test_files_that_cannot_lie_beside_each_other_are_refused(ours: str, theirs: str) -> None:
    edited, becomes = {ours: File(b"by hand\n")}, {theirs: File(b"by the template\n")}
    with pytest.raises(UserError, match=r"^envs/demo-x: .* Rename one"):
        merged({}, edited, becomes)
