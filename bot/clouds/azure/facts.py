"""Azure's resources, as the core sees them. Source: the documentation of the provider `azurerm`, release 4."""

import re

from bot.clouds.azure.destroy_rules import RULES
from bot.core.cloud_facts import Always, AspectTable, Has, NameFacts, OtherCloud, RetainedRule

_GUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_HOSTS = (
    r"azurewebsites\.net|azurecr\.io|azmk8s\.io|azurefd\.net|azurestaticapps\.net|cloudapp\.azure\.com|database\.(?:windows\.net|azure\.com)"
    r"|documents\.azure\.com|redis\.cache\.windows\.net|servicebus\.windows\.net|vault\.azure\.net|[a-z]+\.core\.windows\.net"
)

FACTS = OtherCloud(
    key="azure",
    name="Azure",
    prefix="azurerm_",
    destroy_rules=RULES,
    retained={
        # https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview
        "azurerm_key_vault": RetainedRule(Has("purge_protection_enabled", True), "can be restored until its retention ends"),
        # https://learn.microsoft.com/azure/azure-monitor/logs/delete-workspace
        "azurerm_log_analytics_workspace": RetainedRule(Always(), "can be restored for 14 days"),
    },
    # None of those that return a key, a password, a connection or a configuration with them, as most that name an account do.
    data_sources=frozenset(
        f"azurerm_{kind}"
        for kind in re.findall(
            r"\w+",
            """
            application_security_group availability_set client_config dns_a_record dns_aaaa_record dns_caa_record dns_cname_record
            dns_mx_record dns_ns_record dns_ptr_record dns_soa_record dns_srv_record dns_txt_record dns_zone extended_locations
            firewall firewall_policy image images ip_group ip_groups key_vault kubernetes_service_versions lb
            lb_backend_address_pool location managed_disk management_group nat_gateway network_interface network_security_group
            network_service_tags network_watcher platform_image policy_definition policy_definition_built_in
            policy_set_definition private_dns_resolver private_dns_zone private_link_service proximity_placement_group public_ip
            public_ip_prefix public_ips resource_group resources role_definition route_table service_plan shared_image
            shared_image_gallery shared_image_version shared_image_versions subnet subscription subscriptions
            user_assigned_identity virtual_hub virtual_network virtual_network_peering virtual_wan
        """,
        )
    ),
    names=NameFacts(
        reference="",
        # Hosts of what runs, and the ids of objects.
        made_up=re.compile(rf"(?<![A-Za-z0-9-])(?:[a-z0-9.-]+\.(?:{_HOSTS})|{_GUID})(?![A-Za-z0-9-])"),
        attributes=("default_hostname", "fqdn", "principal_id", "client_id", "vault_uri", "login_server"),
        zones=(),
        own_hosts=("management.azure.com", "microsoftonline.com", "microsoft.com"),
        # https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
        accounts=(re.compile(rf"/subscriptions/({_GUID})(?=/|$)"),),
        account_attributes=frozenset({"subscription_id"}),
    ),
    aspects=AspectTable(
        {
            "secrets": "admin(istrator)?_password, connection_string",
            "versions": "orchestrator_version, source_image_reference\\..*, os_version",
            "scaling": "node_count, (min|max)_(node_)?count, worker_count, instances, capacity",
            "sizes": "vm_size, sku(_name)?, sku_size, storage_mb, max_size_gb, os_disk_size_gb, account_tier",
            "data": "purge_protection_enabled, soft_delete(_.*)?, geo_redundant_backup_enabled, account_replication_type, immutability(_.*)?",
            "topology": "zone_redundant, public_network_access_enabled, private_cluster_enabled, address_(space|prefix|prefixes), "
            "allocation_method",
        },
        (("secrets", "azurerm_key_vault_secret.*:value"), ("secrets", "azurerm_key_vault_secret.*:name")),
    ),
    secrets=("azurerm_key_vault_secret.*:name",),
    places={"hashicorp/azurerm": frozenset({"subscription_id", "features"})},
)  # fmt: skip
