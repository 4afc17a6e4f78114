"""Which aspect of an environment an attribute of AWS's resources is about."""

from collections.abc import Mapping, Sequence

from bot.core.cloud_facts import AspectTable
from bot.model.template import Aspect

_ATTRIBUTES: Mapping[Aspect, str] = {
    "secrets": r"""
        secret_string, secret_binary, secret_id, (.*_)?secret_arn, secrets\..*
    """,
    "versions": r"""
        (.*_)?engine, (.*_)?engine_version, engine_mode, (kubernetes_)?version, platform_version,         image, image_id, image_uri, ami, ami_type, runtime, family_version, (.*_)?image_tag, release_version, ssl_policy,
        ca_certificate_identifier, ca_cert_identifier, parameter_group_family
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
        enable_key_rotation
    """,
    "topology": r"""
        availability_zones?, multi_az, internal, (load_balancer|target|vpc_endpoint)_type, publicly_accessible,
        map_public_ip_on_launch, assign_public_ip, enable_dns_(support|hostnames), (from|to|container|host)_port, port, (ip_)?protocol,
        cidr_(ipv4|ipv6|block|blocks), destination_cidr_block, launch_type, network_mode, scheme, subnets?(_ids)?, security_groups,
        vpc_security_group_ids, gateway_id, nat_gateway_id, referenced_security_group_id, vpc\..*
    """,
}

# Where a type says more than an attribute's name.
_PLACES: Sequence[tuple[Aspect, str]] = (
    ("secrets", "aws_secretsmanager_secret.*:name"),
    ("secrets", "aws_secretsmanager_secret_version.*"),
    ("data", "aws_s3_bucket_versioning.*"),
    ("data", "aws_s3_bucket_lifecycle_configuration.*"),
    ("outbound", "aws_ses*_identity.*"),
)

ASPECTS = AspectTable(_ATTRIBUTES, _PLACES)
