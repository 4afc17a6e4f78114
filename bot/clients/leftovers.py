"""Search an account for what bears an environment's tag, whatever made it."""

from collections.abc import Iterator

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bot.core.receipt import Sweep
from bot.names import EnvironmentName

TAG = "Environment"
"""The tag by which a template's provider marks all that it makes (`default_tags`)."""


def sweep(environment: EnvironmentName, region: str) -> Sweep:
    """Return the ARNs of what bears the environment's tag in a region; needs `tag:GetResources`.

    Source: https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html. Untagged kinds of
    resources, and those of global services in other regions, are out of its sight.
    """
    tag = f"{TAG}={environment}"
    try:
        return Sweep(tag=tag, found=tuple(sorted(_arns(environment, region))))
    except ClientError as error:
        return Sweep(tag=tag, problem=error.response.get("Error", {}).get("Message", "AWS refused the search"))
    except BotoCoreError as error:
        return Sweep(tag=tag, problem=str(error))


def _arns(environment: EnvironmentName, region: str) -> Iterator[str]:
    config = Config(connect_timeout=10, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 5})
    client = boto3.session.Session().client("resourcegroupstaggingapi", region_name=region, config=config)
    pages = client.get_paginator("get_resources").paginate(TagFilters=[{"Key": TAG, "Values": [str(environment)]}])
    for page in pages:
        for found in page["ResourceTagMappingList"]:
            yield str(found["ResourceARN"])
