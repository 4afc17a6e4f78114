"""Each cloud's list of what bears a tag is asked the same: all pages, nothing else, and never "nothing" for an answer that did not come."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from bot.clients.orphans.searches import SEARCHES
from bot.errors import Unverifiable
from tests.clients.orphans.lists import AwsList, AzureList, CloudList, GoogleList, said
from tests.support.forwarder import Forward, ForwardedAnswer, ForwardedRequest, forwarding

VARIABLES = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
    "GOOGLE_OAUTH_ACCESS_TOKEN": "token",
}
LISTS: dict[str, Callable[[], CloudList]] = {"aws": AwsList, "gcp": GoogleList, "azure": AzureList}
TAGS = {"environment": ["demo-x"]}


@pytest.fixture(params=LISTS)
def cloud(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> CloudList:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    return LISTS[request.param]()


@contextmanager
def serving(
    cloud: CloudList, patch: pytest.MonkeyPatch, *first: ForwardedAnswer
) -> Iterator[tuple[str, list[ForwardedRequest]]]:
    """Serve the cloud's list, after these answers; yield its address, and what it is asked."""
    asked: list[ForwardedRequest] = []

    def answer(request: ForwardedRequest, _: Forward) -> ForwardedAnswer:
        asked.append(request)
        return first[len(asked) - 1] if len(asked) <= len(first) else cloud.answer(request)

    with forwarding("http://127.0.0.1:1", answer) as url:
        patch.setenv("AWS_ENDPOINT_URL", url)
        yield url, asked


def test_all_pages_are_read_and_only_the_tag_s_own_value_counts(
    cloud: CloudList, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.there |= {cloud.named(number): {"environment": "demo-x"} for number in range(6)}
    cloud.there |= {cloud.named(number): {"environment": f"demo-x-{number}"} for number in range(6, 9)}
    cloud.there |= {cloud.named(9): {"owner": "demo-x"}, cloud.named(10): {}}
    with serving(cloud, monkeypatch) as (url, asked):
        assert cloud.find(url, TAGS) == {cloud.named(number) for number in range(6)}
        assert len(asked) > 2
        assert cloud.find(url, {"environment": ["demo-y"]}) == frozenset()


def test_a_moment_of_overload_is_waited_out(cloud: CloudList, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.there[cloud.named(1)] = {"environment": "demo-x"}
    with serving(cloud, monkeypatch, said({}, 503)) as (url, _):
        assert cloud.find(url, TAGS) == {cloud.named(1)}


def test_what_is_refused_says_why(cloud: CloudList, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = pytest.raises(Unverifiable, match=r"(authoriz|permission)")
    with serving(cloud, monkeypatch, cloud.denial()) as (url, _), refused:
        cloud.find(url, TAGS)


@pytest.mark.parametrize("cloud", ["gcp", "azure"], indirect=True)
@pytest.mark.parametrize("body", [[], {"results": 1, "value": "x"}, {"results": [1], "value": [[]]}])
def test_what_is_no_list_is_never_taken_for_an_empty_one(
    cloud: CloudList, body: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(cloud, monkeypatch, said(body)) as (url, _), pytest.raises(Unverifiable):
        cloud.find(url, TAGS)


def test_no_redirect_and_no_further_page_of_another_host_gets_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = ForwardedAnswer(302, {"Location": "http://127.0.0.1:1/"}, b"")
    for first in (elsewhere, said({"value": [], "nextLink": "http://127.0.0.1:1/subscriptions/s/resources"})):
        with serving(AzureList(), monkeypatch, first) as (url, asked), pytest.raises(Unverifiable):
            AzureList().find(url, TAGS)
        assert len(asked) == 1


def test_a_label_of_google_has_no_capitals_and_no_colon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "token")
    cloud = GoogleList({GoogleList().named(1): {"environment": "demo-x"}})
    with serving(cloud, monkeypatch) as (url, _):
        assert cloud.find(url, {"Environment": ["demo-x"]}) == {cloud.named(1)}
        with pytest.raises(Unverifiable, match="`environment_tag` of the policy"):
            cloud.find(url, {"acme:environment": ["demo-x"]})


@pytest.mark.parametrize(("cloud", "library"), [("gcp", "google"), ("azure", "azure")])
def test_a_missing_library_is_named(cloud: str, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, f"bot.clients.orphans.{library}", None)
    monkeypatch.delattr(f"bot.clients.orphans.{library}", raising=False)
    with pytest.raises(Unverifiable, match=rf"envclone\[{cloud}\]"):
        SEARCHES[cloud]("somewhere", TAGS)
