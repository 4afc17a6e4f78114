"""Patterns of values, whatever they are and whatever they meet."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from bot.errors import InvalidInput
from bot.model.pattern import LONGEST, ValuePattern, matches, usable
from bot.model.template import Parameter


@pytest.mark.parametrize("pattern", ["^(a+)+$", "(a|a)*", "(.*a){12}", "([a-z]+)*[0-9]"])
def test_a_pattern_that_would_take_years_takes_no_time(pattern: str) -> None:
    # With `re` none of these ends within the test's time.
    assert not matches(usable(pattern), "a" * 10_000 + "!")


@pytest.mark.parametrize(
    "pattern",
    [
        "(?:a{0,100}){0,100}b",  # took 3 seconds for 10,000 letters, in linear time all the same
        "(?:.{0,90}){0,90}!",
        "(?:[^a]{0,100}){0,100}b",
        "(?:(?:a?){0,100}){0,300}b",
        "\\p{L}{0,900}",
        "a{1000}{1000}",
        "(?P<name>a{500}){9}",
        "(a|b){3000}",
    ],
)
def test_a_pattern_that_comes_to_much_when_it_is_written_out_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidInput, match="repeats too much"):
        usable(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "[a-z0-9-]{1,63}(\\.[a-z]{2,63}){1,3}",
        "\\w{1,64}",
        "[\\w{9999}]",
        "a\\{9999}",
        "(?i)[a-z]{0,2000}",
        "(?:x{10}|y){20}",
    ],
)
def test_what_people_repeat_is_fine(pattern: str) -> None:
    assert usable(pattern) == pattern


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("[a-z]+", "abc", True),
        ("[a-z]+", "abc\n", False),
        ("[a-z]+$", "abc\n", False),
        ("a|b", "ab", False),
        ("^a$|^b$", "b", True),
        ("(?i)ABC", "abc", True),
        ("", "", True),
        ("", "a", False),
        ("\\d{2}", "12", True),
    ],
)
def test_all_of_a_text_must_match(pattern: str, text: str, fits: bool) -> None:
    assert matches(pattern, text) is fits


@pytest.mark.parametrize(
    "pattern", ["(", "[a", "a(?=b)", "(?<!a)b", "(a)\\1", "(a{1000}){1000}{1000}", "a" * (LONGEST + 1), ")|("]
)
def test_what_can_t_be_used_is_refused_where_it_is_declared(pattern: str) -> None:
    declared = {"type": "string", "description": "A text.", "pattern": pattern}
    with pytest.raises(ValidationError, match="pattern"):
        TypeAdapter(Parameter).validate_python(declared)
    with pytest.raises(ValidationError):
        TypeAdapter(ValuePattern).validate_python(pattern)


@given(
    st.lists(
        st.sampled_from(["a", "b", "[ab]", "(a|b)", "a*", "b?", "(ab)+", ".", "\\.", "[^a]", "a{2,3}"]), max_size=6
    ).map("".join),
    st.text("ab.c", max_size=8),
)
def test_it_means_what_re_means(pattern: str, text: str) -> None:
    assert matches(pattern, text) == (re.fullmatch(pattern, text) is not None)
