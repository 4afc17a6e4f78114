"""Google Cloud's resources, as the core sees them. Source: the provider's documentation, release 8.0.0."""

import re

from bot.clouds.gcp.destroy_rules import RULES
from bot.core.cloud_facts import Always, AspectTable, Has, NameFacts, OtherCloud, RetainedRule

_PROJECT = r"[a-z][a-z0-9-]{4,28}[a-z0-9]"

FACTS = OtherCloud(
    key="gcp",
    name="Google Cloud",
    prefix="google_",
    destroy_rules=RULES,
    retained={
        # https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/app_engine_application
        "google_app_engine_application": RetainedRule(Always(), "it lasts as long as its project"),
        # https://cloud.google.com/kms/docs/resource-hierarchy#lifecycle
        "google_kms_crypto_key": RetainedRule(Always(), "a key can't be deleted; its versions are destroyed"),
        "google_kms_key_ring": RetainedRule(Always(), "a key ring can't be deleted"),
        # https://cloud.google.com/resource-manager/docs/creating-managing-projects#shutting_down_projects
        "google_project": RetainedRule(Always(), "is shut down, and is deleted 30 days later"),
        # https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/google_project_service
        "google_project_service": RetainedRule(Has("disable_on_destroy", False), "the API stays enabled"),
    },
    # None of those that return a token, a key, a password or an object's content, as a cluster's and an SQL instance's do.
    data_sources=frozenset(
        f"google_{kind}"
        for kind in re.findall(
            r"\w+",
            """
            active_folder app_engine_default_service_account artifact_registry_docker_image artifact_registry_docker_images
            artifact_registry_locations artifact_registry_repository bigquery_default_service_account billing_account
            client_openid_userinfo cloud_run_locations composer_image_versions compute_address compute_addresses
            compute_backend_bucket compute_backend_service compute_default_service_account compute_disk compute_forwarding_rule
            compute_forwarding_rules compute_global_address compute_global_forwarding_rule compute_ha_vpn_gateway
            compute_health_check compute_image compute_images compute_instance_group compute_instance_groups compute_lb_ip_ranges
            compute_machine_types compute_network compute_network_endpoint_group compute_network_peering compute_networks
            compute_node_types compute_region_backend_service compute_region_disk compute_region_network_endpoint_group
            compute_region_ssl_policy compute_regions compute_resource_policy compute_router compute_router_nat compute_routers
            compute_security_policy compute_snapshot compute_ssl_policy compute_subnetwork compute_subnetworks compute_vpn_gateway
            compute_zones container_engine_versions dns_keys dns_managed_zone dns_managed_zones dns_record_set folder folders
            iam_policy iam_role iam_testable_permissions iam_workload_identity_pool iam_workload_identity_pool_provider
            kms_crypto_key kms_key_ring kms_key_rings monitoring_uptime_check_ips netblock_ip_ranges organization project
            project_ancestry project_service projects pubsub_topic service_account sql_tiers storage_bucket
            storage_project_service_account storage_transfer_project_service_account
        """,
        )
    ),
    names=NameFacts(
        reference="",
        # Hosts of what runs, and service accounts.
        made_up=re.compile(
            rf"(?<![A-Za-z0-9-])(?:[a-z0-9.-]+\.(?:run\.app|cloudfunctions\.net|appspot\.com)|[a-z0-9-]+@{_PROJECT}\.iam\.gserviceaccount\.com)"
            r"(?![A-Za-z0-9-])"
        ),
        attributes=("self_link", "connection_name", "uri", "email"),
        zones=(),
        own_hosts=("googleapis.com", "gcr.io", "pkg.dev"),
        # https://cloud.google.com/apis/design/resource_names
        accounts=(re.compile(rf"(?<![A-Za-z0-9-])projects/({_PROJECT})(?=/|$)"),),
        account_attributes=frozenset({"project", "project_id"}),
    ),
    aspects=AspectTable(
        {
            "secrets": "secret_data, root_password",
            "versions": "database_version, (min_)?master_version, node_version, release_channel\\..*",
            "scaling": "(initial_)?node_count, (total_)?(min|max)_node_count, (min|max)_(instance_count|instances|replicas), target_size",
            "sizes": "machine_type, tier, (boot_)?disk_size(_gb)?, disk_type, size_gb, memory_size_gb, processing_units, num_nodes",
            "data": "backup_configuration\\..*, point_in_time_recovery_enabled, deletion_policy, retention_policy\\..*, "
            "soft_delete_policy\\..*, versioning\\..*, delete_contents_on_destroy",
            "topology": "availability_type, zone, zones, node_locations, ipv4_enabled, private_network, network, subnetwork, ingress, "
            "private_cluster_config\\..*",
        },
        (("secrets", "google_secret_manager_secret.*:secret_id"),),
    ),
    secrets=("google_secret_manager_secret.*:secret_id",),
    places=dict.fromkeys(
        ("hashicorp/google", "hashicorp/google-beta"), frozenset({"project", "region", "zone", "default_labels", "add_terraform_attribution_label"})
    ),
)  # fmt: skip
