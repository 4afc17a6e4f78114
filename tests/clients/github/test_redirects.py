"""A redirect of GitHub's is followed with all that was asked, and never to another place: the token goes along."""

from dataclasses import dataclass, field
from typing import cast

import pytest
from github.Requester import Requester

from bot.clients.github.redirects import follow


@dataclass
class Answer:
    status: int
    headers: dict[str, str] = field(default_factory=dict)


class Connection:
    """One of PyGithub's, to a server that answers the first request with a redirect."""

    protocol, host, port = "https", "api.github.example", 443

    def __init__(self, url: str, first: Answer) -> None:
        self.url, self.first, self.asked = url, first, list[str]()

    def getresponse(self) -> Answer:
        self.asked.append(self.url)
        return self.first if len(self.asked) == 1 else Answer(200)


class Client:
    _Requester__connectionClass = Connection


@pytest.mark.parametrize(
    ("status", "location", "asked"),
    [
        (301, "https://api.github.example/repositories/7/pulls?state=all", ["/repositories/7/pulls?state=all"]),
        (301, "https://api.github.example:443/repositories/7/pulls", ["/repositories/7/pulls?state=open"]),
        (307, "https://api.github.example/repositories/7/pulls", ["/repositories/7/pulls?state=open"]),
        (301, "https://elsewhere.example/repositories/7/pulls", []),
        (307, "http://api.github.example/repositories/7/pulls", []),
        (307, "https://api.github.example:8443/repositories/7/pulls", []),
        (302, "https://api.github.example/repositories/7/pulls", []),
        (301, "", []),
    ],
)
def test_a_redirect_is_followed_on_the_same_host_with_the_query(status: int, location: str, asked: list[str]) -> None:
    client = Client()
    follow(cast("Requester", client))
    connection = client._Requester__connectionClass(
        "/repos/o/former/pulls?state=open", Answer(status, {"Location": location})
    )
    found = connection.getresponse()
    assert connection.asked[1:] == asked
    assert found.status == (200 if asked else status)
