"""The table that `make coverage` prints."""

from tests.coverage import rooms, table


def test_files_are_added_up_for_each_room_and_the_whole() -> None:
    def file(lines: int, of: int, branches: int) -> dict[str, object]:
        counts = {
            "covered_lines": lines,
            "num_statements": of,
            "covered_branches": branches,
            "num_branches": branches * 2,
        }
        return {"summary": {**counts, "percent_covered": 12.5}}

    found = rooms(
        {"bot/core/hcl/a.py": file(1, 4, 1), "bot/core/hcl/b.py": file(2, 2, 0), "bot/names.py": file(0, 0, 0)}
    )
    said = table(found).splitlines()
    assert said[0].split() == ["room", "lines", "branches", "of", "lines"]
    assert [line.split() for line in said[1:]] == [
        ["bot", "-", "-", "0"],
        ["bot/core/hcl", "50.0%", "50.0%", "6"],
        ["all", "50.0%", "50.0%", "6"],
    ]
