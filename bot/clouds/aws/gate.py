"""What code may do with the AWS provider while it is planned. Source: the provider's documentation, version 5.100."""

from bot.clouds.providers import FILES_SAY_SO
from bot.core.cloud_facts import AssumedRole, GateFacts

GATE = GateFacts(
    provider_arguments=frozenset(
        {"region", "allowed_account_ids", "forbidden_account_ids", "default_tags", "ignore_tags", "max_retries", "retry_mode",
         "s3_use_path_style", "s3_us_east_1_regional_endpoint", "skip_metadata_api_check", "sts_region", "token_bucket_rate_limiter_capacity",
         "use_dualstack_endpoint", "use_fips_endpoint"}
    ),
    free_provider_arguments=frozenset({"default_tags", "ignore_tags"}),
    data_sources=frozenset(
        {
            # Who and where
            "aws_arn", "aws_availability_zone", "aws_availability_zones", "aws_billing_service_account", "aws_caller_identity",
            "aws_canonical_user_id", "aws_cloudtrail_service_account", "aws_default_tags", "aws_elb_hosted_zone_id",
            "aws_elb_service_account", "aws_iam_account_alias", "aws_iam_session_context", "aws_ip_ranges", "aws_partition",
            "aws_redshift_service_account", "aws_region", "aws_regions", "aws_s3_account_public_access_block", "aws_service",
            "aws_service_principal", "aws_lb_hosted_zone_id",
            # Policies and roles
            "aws_iam_policy", "aws_iam_policy_document", "aws_iam_role", "aws_iam_roles", "aws_iam_openid_connect_provider",
            "aws_iam_instance_profile", "aws_iam_server_certificate", "aws_kms_alias", "aws_kms_key",
            # Images and sizes
            "aws_ami", "aws_ami_ids", "aws_ec2_instance_type", "aws_ec2_instance_type_offering",
            "aws_ec2_instance_type_offerings", "aws_ec2_instance_types", "aws_ecr_image", "aws_ecr_images", "aws_ecr_repository",
            "aws_eks_addon_version", "aws_eks_cluster_versions", "aws_rds_engine_version", "aws_rds_orderable_db_instance",
            # Networks
            "aws_customer_gateway", "aws_ec2_managed_prefix_list", "aws_ec2_managed_prefix_lists", "aws_ec2_transit_gateway",
            "aws_eip", "aws_eips", "aws_internet_gateway", "aws_nat_gateway", "aws_nat_gateways", "aws_network_acls",
            "aws_prefix_list", "aws_route", "aws_route53_resolver_endpoint", "aws_route53_zone", "aws_route53_zones",
            "aws_route_table", "aws_route_tables", "aws_security_group", "aws_security_groups", "aws_subnet", "aws_subnets",
            "aws_vpc", "aws_vpc_dhcp_options", "aws_vpc_endpoint", "aws_vpc_endpoint_service", "aws_vpc_peering_connection",
            "aws_vpc_peering_connections", "aws_vpcs", "aws_vpn_gateway",
            # What runs, without its settings
            "aws_acm_certificate", "aws_alb", "aws_alb_listener", "aws_alb_target_group", "aws_autoscaling_group",
            "aws_autoscaling_groups", "aws_cloudfront_cache_policy", "aws_cloudfront_distribution",
            "aws_cloudfront_origin_request_policy", "aws_cloudfront_response_headers_policy", "aws_cloudwatch_log_group",
            "aws_cloudwatch_log_groups", "aws_db_cluster_snapshot", "aws_db_instance", "aws_db_instances", "aws_db_snapshot",
            "aws_db_subnet_group", "aws_dynamodb_table", "aws_dynamodb_tables", "aws_ebs_default_kms_key", "aws_ebs_snapshot",
            "aws_ebs_volume", "aws_ebs_volumes", "aws_ecs_cluster", "aws_ecs_clusters", "aws_ecs_service", "aws_efs_access_point",
            "aws_efs_file_system", "aws_efs_mount_target", "aws_eks_cluster", "aws_eks_clusters", "aws_elasticache_cluster",
            "aws_elasticache_replication_group", "aws_elasticache_subnet_group", "aws_lb", "aws_lb_listener",
            "aws_lb_listener_rule", "aws_lb_target_group", "aws_lbs", "aws_msk_cluster", "aws_rds_cluster", "aws_rds_clusters",
            "aws_s3_bucket", "aws_s3_bucket_policy", "aws_service_discovery_dns_namespace", "aws_service_discovery_service",
            "aws_sns_topic", "aws_sqs_queue", "aws_sqs_queues", "aws_wafv2_ip_set", "aws_wafv2_web_acl",
        }
    ),
    files={
        "*": frozenset({"filename"}),
        "aws_gamelift_script": frozenset({"zip_file"}),
        "aws_s3_object": frozenset({"source"}),
        "aws_s3_bucket_object": frozenset({"source"}),
        "aws_synthetics_canary": frozenset({"zip_file"}),
    },
    files_say_so=FILES_SAY_SO,
    assumed=AssumedRole(
        "assume_role", "role_arn", frozenset({"duration", "external_id", "policy", "policy_arns", "session_name", "source_identity", "tags"})
    ),
    addresses={"aws_ip_ranges": frozenset({"url"})},
    # Tried with `@host/#`: the request for the caller's identity, with the session's token, goes to that host. `region` is looked at.
    host_parts={"sts_region": r"[a-z]{2,4}(-[a-z]{1,12}){1,3}-\d{1,2}"},
    machine_arguments=frozenset({"profile"}),  # a section of a file of its user's
)  # fmt: skip
