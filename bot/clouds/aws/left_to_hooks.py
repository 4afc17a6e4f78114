"""What Terraform leaves to people when it makes an AWS resource, by its type, and the hook that does it in a clone."""

from collections.abc import Mapping

from bot.core.cloud_facts import LeftToHook

_DATA = LeftToHook("aws.rds-snapshot", "begins without production's data", frozenset({"snapshot_identifier"}))

LEFT_TO_HOOKS: Mapping[str, LeftToHook] = {
    "aws_acm_certificate": LeftToHook(
        "aws.certificate",
        "is issued only after its names were validated",
        frozenset({"aws_acm_certificate_validation"}),
    ),
    "aws_db_instance": _DATA,
    "aws_rds_cluster": _DATA,
    # A zone with a `vpc` is private: nobody outside asks for its names.
    "aws_route53_zone": LeftToHook(
        "aws.dns-delegation", "is found by nobody until its parent zone names it", frozenset({"vpc"})
    ),
    "aws_s3_bucket": LeftToHook("aws.bucket-seed", "begins empty", frozenset({"aws_s3_object"})),
    "aws_secretsmanager_secret": LeftToHook(
        "aws.secret", "has no value in the code", frozenset({"aws_secretsmanager_secret_version"})
    ),
}
