"""AWS, as the core sees it."""

from bot.clouds.aws.destroy_rules import RULES
from bot.core.cloud_facts import CloudFacts

FACTS = CloudFacts(
    name="AWS",
    provider="hashicorp/aws",
    prefix="aws_",
    account_guard="allowed_account_ids",
    redirects=frozenset(
        {"access_key", "assume_role", "assume_role_with_web_identity", "custom_ca_bundle", "endpoint", "endpoints", "http_proxy",
         "https_proxy", "iam_endpoint", "profile", "role_arn", "secret_key", "shared_config_files", "shared_credentials_file",
         "shared_credentials_files", "skip_credentials_validation", "skip_requesting_account_id", "sts_endpoint", "token"}
    ),
    backend="s3",
    destroy_rules=RULES,
)  # fmt: skip
