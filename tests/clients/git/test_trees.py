"""Entries of a tree are found and replaced in its bytes as if all of them had been read and written."""

from hypothesis import given
from hypothesis import strategies as st

from bot.clients.git.trees import DIRECTORY, TreeEntry, directories, entry_in, tree_of, with_entry

NAMES = (b"a", b"a.b", b"a-b", b"ab", b"a0", b"x y")
IDS = (b" a\0" + b"40000 a\0" + b"q" * 9, b"\0" * 20, b"40000 a0\0" + b"z" * 11, bytes(range(20)))
"""Some hold what looks like an entry."""

entries = st.dictionaries(
    st.sampled_from(NAMES),
    st.tuples(st.sampled_from(IDS), st.sampled_from((DIRECTORY, 0o100644, 0o120000))),
    max_size=len(NAMES),
)


def _listed(found: dict[bytes, tuple[bytes, int]]) -> list[TreeEntry]:
    return [(sha, mode, name) for name, (sha, mode) in found.items()]


@given(entries, st.sampled_from((*NAMES, b"none")), st.sampled_from((None, DIRECTORY, 0o100644)))
def test_an_entry_is_found_and_replaced_whatever_bytes_the_ids_hold(
    found: dict[bytes, tuple[bytes, int]], name: bytes, mode: int | None
) -> None:
    data = tree_of(_listed(found))
    assert entry_in(data, name) == ((*found[name], name) if name in found else None)
    assert directories(data) == {each.decode(): sha.hex() for each, (sha, mode) in found.items() if mode == DIRECTORY}
    others = {each: entry for each, entry in found.items() if each != name}
    after = others if mode is None else {**others, name: (b"n" * 20, mode)}
    assert with_entry(data, name, None if mode is None else (b"n" * 20, mode, name)) == tree_of(_listed(after))
