"""Whatever is in a pull request's files, evaluation ends with values or with `InvalidInput`, never with another error."""

import contextlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.compare import compare
from bot.core.parity.by_code.leaks import leaks
from bot.core.tree import File
from bot.errors import InvalidInput
from tests.core.parity import shop
from tests.support.budget import examples

PIECES = [
    "${", "}", '"', "%{ if ", "%{ endif }", "%{ for x in ", "<<EOT\n", "\nEOT\n", "[", "]", "{", "(", ")", "...", "null", "1e999",
    "-1", "9" * 400, "9" * 5000, "var.", "each.value", "local.", "[*].x", ".0", "? 1 : 2", " / 0", "==", "!", "&&", "for k, v in ",
    "cidrsubnet(1, 2, 3)", 'format("%999d", 1)', "range(9999999)", "jsondecode(\"[\")", "element([], 0)", "\x00", "\u202e", "é", "//",
    "count = 1e308", "for_each = {}", "for_each = [1]", "dynamic \"x\" {}", 'module "m" { source = "./" }', "merge([1]...)",
]  # fmt: skip


def paths() -> Sequence[str]:
    return sorted(
        path for path in shop.clone().files if path.endswith((".tf", ".json", ".yaml")) and path != "environment.yaml"
    )


@examples(25)  # a tenth of a second each
@given(
    st.deferred(lambda: st.sampled_from(paths())), st.floats(0, 1), st.lists(st.sampled_from(PIECES) | st.text(max_size=6), min_size=1, max_size=4), st.integers(0, 30)
)  # fmt: skip
def test_no_content_of_a_file_makes_it_fail_otherwise(path: str, at: float, pieces: list[str], cut: int) -> None:
    text = shop.clone().files[path].data.decode()
    place = int(at * len(text))
    broken = text[:place] + "".join(pieces) + text[place + cut :]
    files = {**shop.clone().files, path: File(broken.encode("utf-8", "surrogatepass"))}
    with contextlib.suppress(InvalidInput):
        found = shop.compared(shop.clone(), files)
        leaks(found, CodeSide(shop.clone().manifest, files), shop.NOW)


def test_a_chain_too_long_to_follow_is_told_as_such() -> None:
    chain = "".join(f"  a{number} = local.a{number + 1}\n" for number in range(5000))
    text = f'locals {{\n{chain}}}\noutput "deep" {{\n  value = local.a0\n}}\n'
    files = {**shop.clone().files, "app/deep.tf": File(text.encode())}
    with pytest.raises(InvalidInput, match="too deeply"):
        compare(
            CodeSide(shop.BASE.source, shop.BASE.source_files),
            CodeSide(shop.clone().manifest, files),
            shop.BASE.template,
            shop.NOW,
        )
