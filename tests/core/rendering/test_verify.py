"""The re-render proof, on files that somebody made to be expensive."""

from bot.clouds.registry import FACTS
from bot.core.rendering.assemble import assemble, read_template
from bot.core.rendering.verify import verify
from bot.core.tree import File
from bot.names import EnvironmentName, TemplateName
from tests.support import example

NAME = EnvironmentName("production")
MAIN = "app/main.tf"


def findings(main: bytes, expected: bytes = example.MAIN) -> list[tuple[int, str]]:
    template = read_template(TemplateName("shop"), {**example.template_files(), MAIN: File(expected)}, FACTS)
    files = assemble(template, example.production(template))
    found = verify(NAME, {**files, MAIN: File(main)}, template)
    return [(each.line, each.message) for each in found if each.path.endswith(MAIN)]


def test_lines_that_are_all_alike_are_compared_in_no_time() -> None:
    # Each is held against each, again and again: 900 of them took half a minute.
    (found,) = findings(example.MAIN + b"#\n# x\n" * 900, example.MAIN + b"#\n" * 1_800)
    assert found[0] == len(example.MAIN.splitlines()) + 2
    assert found[1].startswith("edited by hand: the template renders `# ⏎ # ⏎")


def test_each_edit_of_a_long_file_has_its_line() -> None:
    lines = example.MAIN.splitlines(keepends=True)
    lines[2], lines[-2] = b"# first\n", b"# second\n"
    found = findings(b"".join(lines))
    assert [line for line, _ in found] == [3, len(lines) - 1]
    assert "`# first`" in found[0][1]
    assert "`# second`" in found[1][1]
