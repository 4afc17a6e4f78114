"""Search an account for what bears certain tags, whatever made it."""

from collections.abc import Iterator, Mapping, Sequence

from bot.clients.aws_session import session
from bot.errors import Unverifiable

MOST_VALUES = 20
"""Values of one tag that AWS takes in one request."""


def tagged(region: str, tags: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Return the ARNs of what bears one of these values of one of these tags; needs `tag:GetResources`. Raises `Unverifiable`.

    Source: https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html. Untagged kinds of
    resources, and those of global services in other regions, are out of its sight.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 (only a destroy searches)

    try:
        return frozenset(arn for key, values in tags.items() for arn in _arns(region, key, values))
    except ClientError as error:
        raise Unverifiable(error.response.get("Error", {}).get("Message", "AWS rejected the search")) from error
    except BotoCoreError as error:
        raise Unverifiable(str(error)) from error


def _arns(region: str, key: str, values: Sequence[str]) -> Iterator[str]:
    from botocore.config import Config  # noqa: PLC0415

    config = Config(connect_timeout=10, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 5})
    client = session().client("resourcegroupstaggingapi", region_name=region, config=config)
    for first in range(0, len(values), MOST_VALUES):
        wanted = [*values[first : first + MOST_VALUES]]
        for page in client.get_paginator("get_resources").paginate(TagFilters=[{"Key": key, "Values": wanted}]):
            for found in page["ResourceTagMappingList"]:
                yield str(found["ResourceARN"])
