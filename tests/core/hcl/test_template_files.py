"""What Terraform calls in a file for `templatefile()` we see: HashiCorp's parser, our referee elsewhere, reads no template files."""

import random
from pathlib import Path

from bot.core.hcl.parser import template
from bot.core.hcl.syntax.ast import Call, parts_of
from bot.errors import InvalidInput
from tests.core.hcl.test_console import ERROR, console

PIECES = (
    "$", "$$", "$$$", "${", "$${", "%", "%%", "%{", "%%{", "}", "~}", "~", '"', "\\", '\\"', "\n", "\r\n", " ", "a", "#", "//", "/*", "*/",
    "<<E\n", "\nE\n", "(", ")", "{", "é", "\ufeff", "${a}", "${x}", "$${a}", '${"', '"}', "if true", "endif", "%{ if true }", "%{ else }",
    "%{ endif }", "%{ for x in [1] }", "%{ endfor }", 'upper("hidden")', 'upper("hidden"', '${upper("hidden")}', '${~ upper("hidden") ~}',
    '"${upper("hidden")}"', '%{ for x in [upper("hidden")] }',
)  # fmt: skip


def calls(text: str) -> list[Call] | None:
    """Return the calls that we see in a template; None when we refuse it."""
    try:
        return [node for node in parts_of(template(text)) if isinstance(node, Call)]
    except InvalidInput:
        return None


def test_what_terraform_calls_in_a_template_file_is_seen(tmp_path: Path) -> None:
    chosen = random.Random(8)
    texts = ["".join(chosen.choices(PIECES, k=chosen.randint(1, 9))) for _ in range(400)]
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.tftpl").write_bytes(text.encode())
    asked = [f'templatefile("{number}.tftpl", {{ a = "A", x = "X" }})' for number in range(len(texts))]
    read = [(text, str(said)) for text, said in zip(texts, console(asked, tmp_path), strict=True) if said != ERROR]
    assert len(read) > 100
    assert [text for text, _ in read if calls(text) is None] == [], "what Terraform reads, we read"
    assert sum("HIDDEN" in said for _, said in read) > 30
    assert [text for text, said in read if "HIDDEN" in said and not calls(text)] == []
