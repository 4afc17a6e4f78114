"""The recording in the README is what `make demo` prints."""

import pytest

from tests import ROOT
from tests.recording import recorded

PRINTED = """\
The sandbox started in 6.4 s: GitHub, AWS, Actions and the service.

✓  ana comments: /clone                                                   0.0 s
   in all                                                               198.0 s

Pull request  #2 Clone production
Page          file:///tmp/envclone-demo-x1/parity.html

`make demo ARGS=--full` also prints the pull request, the plan and the report;
`make demo ARGS=--keep` keeps everything running, so that you can look around.
"""


def test_the_recording_is_replaced_and_names_no_place_of_this_machine() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    found = recorded(readme, PRINTED)
    shown = found.partition("```text\n")[2].partition("```")[0]
    assert shown.startswith("The sandbox started in 6.4 s")
    assert shown.endswith("Page          file:///…/parity.html\n")
    assert found.partition("A recording of `make demo`")[0] == readme.partition("A recording of `make demo`")[0]
    assert found.rpartition("```\n\n##")[2] == readme.rpartition("```\n\n##")[2]


@pytest.mark.parametrize("printed", ["", PRINTED.partition("   in all")[0]])
def test_a_demo_that_failed_leaves_the_recording_as_it_was(printed: str) -> None:
    with pytest.raises(ValueError, match="did not come to its end"):
        recorded("A recording of `make demo`:\n\n```text\nold\n```\n", printed)
