"""Which aspect of an environment a difference is about: topology, sizes, versions, scaling, data, identity, secrets, outbound …

The rules, first match wins:
1. what the template declares (`aspects:` in template.yaml);
2. a missing or extra resource, hook or file is topology;
3. what is production's own once names, account, network and hosts are mapped is identity;
4. what a parameter that reaches outside causes is outbound;
5. the table below, by type and attribute;
6. what only identity parameters cause is identity.

The table comes before the last rule on purpose: a size that hangs on the environment's name is still a size.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.core.hcl.address_patterns import matches
from bot.model.template import Aspect

# Attributes by their last names, wherever they stand; the numbers in a path (`ebs[0].size`) don't count.
_ATTRIBUTES: Mapping[Aspect, str] = {
    "secrets": r"""
        (.*_)?password(_wo)?, secret_string, secret_binary, secret_id, (.*_)?secret_arn, private_key(_pem)?, auth_token,
        access_key, secret_key, secrets\..*
    """,
    "versions": r"""
        (.*_)?engine, (.*_)?engine_version, engine_mode, (kubernetes_)?version, platform_version, required_version,
        image, image_id, image_uri, ami, ami_type, runtime, family_version, (.*_)?image_tag, release_version, ssl_policy,
        required_providers\..*, source, ca_certificate_identifier, ca_cert_identifier, parameter_group_family
    """,
    "scaling": r"""
        min_capacity, max_capacity, (desired|minimum|maximum|min|max)_(size|count|capacity|instances), desired_capacity,
        num_(cache_nodes|cache_clusters|node_groups), replicas_per_node_group, reserved_concurrent_executions,
        provisioned_concurrent_executions, target_value, scale_(in|out)_cooldown, .*scaling.*, shard_count, max_capacity_units
    """,
    "sizes": r"""
        (.*_)?instance_(class|type), instance_types, node_type, (.*_)?storage_type, allocated_storage, max_allocated_storage,
        iops, (.*_)?throughput, cpu, memory, memory_size, memory_reservation, (volume_)?size, volume_type, type_volume,
        read_capacity, write_capacity, billing_mode, nodegroup_size, ephemeral_storage, number_of_nodes, broker_node_group_size
    """,
    "data": r"""
        backup_.*, (.*_)?retention(_.*)?, snapshot_.*, (.*_)?snapshot_identifier, skip_final_snapshot, copy_tags_to_snapshot,
        deletion_protection, enable_deletion_protection, recovery_window_in_days, deletion_window_in_days, force_destroy,
        force_delete, point_in_time_recovery, versioning_configuration\..*, status, storage_encrypted, encrypted,
        kms_key_id, kms_master_key_id, replication_configuration\..*, preferred_backup_window, message_retention_seconds,
        enable_key_rotation, prevent_destroy
    """,
    "topology": r"""
        count, for_each, availability_zones?, multi_az, internal, (load_balancer|target|vpc_endpoint)_type, publicly_accessible,
        map_public_ip_on_launch, assign_public_ip, enable_dns_(support|hostnames), (from|to|container|host)_port, port, (ip_)?protocol,
        cidr_(ipv4|ipv6|block|blocks), destination_cidr_block, launch_type, network_mode, scheme, subnets?(_ids)?, security_groups,
        vpc_security_group_ids, gateway_id, nat_gateway_id, referenced_security_group_id, vpc\..*, needs, uses, run\..*, when\..*
    """,
}

# Where a type or a place says more than an attribute's name: patterns as in waivers and in `aspects:`.
_PLACES: Sequence[tuple[Aspect, str]] = (
    ("secrets", "aws_secretsmanager_secret.*:name"),
    ("secrets", "aws_secretsmanager_secret_version.*"),
    ("versions", "*.terraform.lock.hcl"),
    ("versions", "hooks/*"),
    ("data", "seed/*"),
    ("data", "aws_s3_bucket_versioning.*"),
    ("data", "aws_s3_bucket_lifecycle_configuration.*"),
    ("outbound", "aws_ses*_identity.*"),
)

SECRET = re.compile(
    r"(^|[._])((.*_)?password|secret_string|secret_binary|private_key(_pem)?|auth_token|access_key|secret_key|api_key)(_wo)?$"
)
"""Attributes whose values are never shown."""


@dataclass(frozen=True, slots=True)
class AspectFacts:
    """What the rules need to know of one difference. `is_identity` says that the values are equal once identity is mapped."""

    kind: str
    address: str
    attribute: str
    is_identity: bool = False
    is_outbound: bool = False
    is_caused_by_identity: bool = False


def aspect_of(facts: AspectFacts, declared: Mapping[Aspect, Sequence[str]]) -> Aspect | None:
    """Return the aspect of a difference, or None when no rule knows it. `declared` are the template's own patterns."""
    for aspect, patterns in declared.items():
        if any(matches(pattern, facts.address, facts.attribute) for pattern in patterns):
            return aspect
    if facts.kind != "changed":
        return "topology"
    if facts.is_identity:
        return "identity"
    if facts.is_outbound:
        return "outbound"
    found = tabled(facts.address, facts.attribute)
    if found is None and facts.is_caused_by_identity:
        return "identity"
    return found


def tabled(address: str, attribute: str) -> Aspect | None:
    """Return what the table says of an attribute of an address."""
    for aspect, pattern in _PLACES:
        if matches(pattern, address, attribute):
            return aspect
    return _by_name(re.sub(r"\[[^\]]*\]", "", attribute))


def is_secret(attribute: str) -> bool:
    """Say whether an attribute's value must not be shown."""
    return SECRET.search(re.sub(r"\[[^\]]*\]", "", attribute)) is not None


@lru_cache(maxsize=8192)
def _by_name(attribute: str) -> Aspect | None:
    tails = [attribute]
    while "." in tails[-1]:
        tails.append(tails[-1].partition(".")[2])
    for aspect, pattern in _compiled():
        if any(pattern.fullmatch(tail) for tail in tails):
            return aspect
    return None


@lru_cache(maxsize=1)
def _compiled() -> tuple[tuple[Aspect, re.Pattern[str]], ...]:
    return tuple(
        (
            aspect,
            re.compile("|".join(f"(?:{name.strip()})" for name in re.split(r",(?![^(]*\))", names) if name.strip())),
        )
        for aspect, names in _ATTRIBUTES.items()
    )
