"""Clouds that list what bears a tag, each as its documentation says and never compared with it: no emulator has these calls."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol
from urllib.parse import parse_qs, urlsplit

from bot.clients.orphans import aws
from tests.support.forwarder import ForwardedAnswer, ForwardedRequest

PAGE: Final = 2
Tags = Mapping[str, Sequence[str]]


class CloudList(Protocol):
    """A place of a cloud, and what bears which tags in it."""

    there: dict[str, dict[str, str]]

    def named(self, number: int) -> str:
        """Return the name of one of its resources."""
        ...

    def find(self, url: str, tags: Tags) -> frozenset[str]:
        """Ask the search for this cloud, which is at this address."""
        ...

    def answer(self, request: ForwardedRequest) -> ForwardedAnswer:
        """Answer as the cloud does."""
        ...

    def denial(self) -> ForwardedAnswer:
        """Return what it says to somebody without the right."""
        ...


def said(body: object, status: int = 200) -> ForwardedAnswer:
    return ForwardedAnswer(status, {"Content-Type": "application/json"}, json.dumps(body).encode())


def query(request: ForwardedRequest) -> Mapping[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(request.target).query).items()}


@dataclass
class AwsList:
    """https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html"""

    there: dict[str, dict[str, str]] = field(default_factory=dict)

    def named(self, number: int) -> str:
        return f"arn:aws:sqs:eu-central-1:111111111111:q{number}"

    def find(self, url: str, tags: Tags) -> frozenset[str]:
        return aws.tagged("eu-central-1", tags)  # the address is in the environment

    def answer(self, request: ForwardedRequest) -> ForwardedAnswer:
        asked = json.loads(request.body)
        (wanted,) = asked["TagFilters"]
        found = [name for name, tags in self.there.items() if tags.get(wanted["Key"]) in wanted["Values"]]
        begin = int(asked.get("PaginationToken") or 0)
        following = str(begin + PAGE) if begin + PAGE < len(found) else ""
        listed = [{"ResourceARN": name, "Tags": []} for name in found[begin : begin + PAGE]]
        return said({"ResourceTagMappingList": listed, "PaginationToken": following})

    def denial(self) -> ForwardedAnswer:
        return said({"__type": "AccessDeniedException", "Message": "not authorized to perform: tag:GetResources"}, 400)


@dataclass
class GoogleList:
    """https://cloud.google.com/asset-inventory/docs/reference/rest/v1/TopLevel/searchAllResources"""

    there: dict[str, dict[str, str]] = field(default_factory=dict)

    def named(self, number: int) -> str:
        return f"//pubsub.googleapis.com/projects/acme-demo/topics/t{number}"

    def find(self, url: str, tags: Tags) -> frozenset[str]:
        from bot.clients.orphans import google  # noqa: PLC0415 (half a second, for whoever asks alone)

        return google.tagged("acme-demo", tags, api=url)

    def answer(self, request: ForwardedRequest) -> ForwardedAnswer:
        assert urlsplit(request.target).path == "/v1/projects/acme-demo:searchAllResources"
        assert request.headers["authorization"] == "Bearer token"
        asked = query(request)
        label, _, value = asked["query"].removeprefix("labels.").partition(":")
        words = set(value.strip('"').split("-"))
        # A quoted text finds its words next to one another, wherever in a value.
        found = [name for name, labels in self.there.items() if words <= set(labels.get(label, "").split("-"))]
        begin = int(asked.get("pageToken", 0))
        listed = [
            {"name": name, "assetType": "pubsub.googleapis.com/Topic", "labels": self.there[name]}
            for name in found[begin : begin + PAGE]
        ]
        fields: dict[str, object] = {"results": listed} if listed else {}
        return said({**fields, "nextPageToken": str(begin + PAGE)} if begin + PAGE < len(found) else fields)

    def denial(self) -> ForwardedAnswer:
        message = "The caller does not have permission"
        return said({"error": {"code": 403, "message": message, "status": "PERMISSION_DENIED"}}, 403)


@dataclass
class AzureList:
    """https://learn.microsoft.com/en-us/rest/api/resources/resources/list; the first resource is a group."""

    there: dict[str, dict[str, str]] = field(default_factory=dict)
    url: str = ""

    def named(self, number: int) -> str:
        group = "/subscriptions/s/resourceGroups/demo"
        return f"{group}/providers/Microsoft.Storage/storageAccounts/s{number}" if number else group

    def find(self, url: str, tags: Tags) -> frozenset[str]:
        from bot.clients.orphans import azure  # noqa: PLC0415 (as above)

        self.url = url
        return azure.tagged("s", tags, api=url, token="token")

    def answer(self, request: ForwardedRequest) -> ForwardedAnswer:
        assert request.headers["Authorization"] == "Bearer token"
        path, asked = urlsplit(request.target).path, query(request)
        assert asked["api-version"] == "2021-04-01"
        is_group = path == "/subscriptions/s/resourcegroups"
        assert is_group or path == "/subscriptions/s/resources"
        tag, value = (part.split(" eq ")[1].strip("'").replace("''", "'") for part in asked["$filter"].split(" and "))
        found = [
            name
            for name, tags in self.there.items()
            if tags.get(tag) == value and is_group is ("/providers/" not in name)
        ]
        begin = int(asked.get("$skiptoken", 0))
        fields: dict[str, object] = {"value": [{"id": name} for name in found[begin : begin + PAGE]]}
        if begin + PAGE < len(found):
            following = request.target.partition("&$skiptoken=")[0]
            fields["nextLink"] = f"{self.url}{following}&$skiptoken={begin + PAGE}"
        return said(fields)

    def denial(self) -> ForwardedAnswer:
        message = "The client does not have authorization to perform action 'Microsoft.Resources/subscriptions/resources/read'"
        return said({"error": {"code": "AuthorizationFailed", "message": message}}, 403)
