"""AWS, as the core sees it."""

import re

from bot.clouds.accounts import ACCOUNTS
from bot.clouds.aws.aspects import ASPECTS
from bot.clouds.aws.destroy_rules import RULES
from bot.clouds.aws.gate import GATE
from bot.clouds.aws.left_to_hooks import LEFT_TO_HOOKS
from bot.clouds.aws.retained import RETAINED
from bot.clouds.backends import BACKENDS
from bot.clouds.store_address import STORE_FORMS, STORE_PATTERN
from bot.core.cloud_facts import CloudFacts, NameFacts

FACTS = CloudFacts(
    key="aws",
    name="AWS",
    provider="hashicorp/aws",
    prefix="aws_",
    account_guard="allowed_account_ids",
    redirects=frozenset(
        {"access_key", "assume_role", "assume_role_with_web_identity", "custom_ca_bundle", "endpoint", "endpoints", "http_proxy",
         "https_proxy", "iam_endpoint", "profile", "role_arn", "secret_key", "shared_config_files", "shared_credentials_file",
         "shared_credentials_files", "skip_credentials_validation", "skip_requesting_account_id", "sts_endpoint", "token"}
    ),
    destroy_rules=RULES,
    identifier="arn",
    retained=RETAINED,
    accounts=ACCOUNTS,
    backends=BACKENDS,
    store_pattern=STORE_PATTERN,
    store_forms=STORE_FORMS,
    names=NameFacts(
        reference="arn:",
        # Ids (`vpc-0a1b…`, a zone's `Z…`) and host names.
        made_up=re.compile(
            r"(?<![A-Za-z0-9-])(?:[a-z]{1,20}-[0-9a-f]{8,17}|Z[A-Z0-9]{9,30}|[a-z0-9.-]+\.amazonaws\.com)(?![A-Za-z0-9-])"
        ),
        attributes=("id", "dns_name", "endpoint", "reader_endpoint", "domain_name", "bucket_domain_name"),
        zones="abcdef",
        own_hosts=("amazonaws.com", "aws.amazon.com", "amazonaws.com.cn"),
    ),
    gate=GATE,
    aspects=ASPECTS,
    left_to_hooks=LEFT_TO_HOOKS,
    secrets=("aws_secretsmanager_secret.*:name", "*:*secret_arn", "*:*valueFrom"),
)  # fmt: skip
