"""The core is blind to clouds: none of its modules names one, in code, in a text or in a comment."""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

import bot

ROOT = Path(bot.__file__).parent
ROOMS = ("core", "model", "commands")
WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        acm alb aliyun amazon amazonaws ami arn arns aurora aws azure azurerm bigquery cloudformation cloudfront cloudtrail
        cloudwatch digitalocean dynamodb ebs ec2 ecr ecs efs eks elasticache elb fargate gcp gcs gke google iam kinesis kms
        lambda moto boto3 nlb oci openstack rds redshift route53 s3 secretsmanager ses sns sqs ssm sts vpc vpcs
        """,
    )
)
"""Names of clouds, of their services and of what is theirs alone."""


def words(source: str) -> Iterator[tuple[int, str]]:
    """Yield every word of a module with its line; Python's own `lambda` is no service."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME and token.string == "lambda":
            continue
        for match in re.finditer(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+(?![a-z])", token.string):
            yield token.start[0] + token.string.count("\n", 0, match.start()), match[0].lower()


@pytest.mark.slow
@pytest.mark.parametrize("room", ROOMS)
def test_no_module_names_a_cloud(room: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {word}"
        for path in sorted((ROOT / room).rglob("*.py"))
        for line, word in words(path.read_text("utf-8"))
        if word in WORDS
    ]
    assert found == []


def test_a_name_a_text_and_a_comment_are_all_read() -> None:
    source = 'role_arn = f"in {x} S3"  # AWS\nclass EcsTask: ...\nf = lambda: 1\n'
    assert {word for _, word in words(source)} & WORDS == {"arn", "s3", "aws", "ecs"}
