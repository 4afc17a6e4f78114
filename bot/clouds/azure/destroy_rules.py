"""What keeps a resource of Azure from being destroyed, by type of resource.

Source of a row: the provider's documentation of the resource (https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs).
"""

from bot.core.cloud_facts import DestroyRule, DestroyRules

_PURGED = (
    DestroyRule("purge_protection_enabled", False, False, "it could not be purged, and its name would stay taken"),
)
_IMMUTABLE = DestroyRule("immutability", "Disabled", "Disabled", "what is locked could not be deleted")

RULES: DestroyRules = {
    "azurerm_app_configuration": _PURGED,
    "azurerm_data_protection_backup_vault": (
        DestroyRule("soft_delete", "Off", "On", "it would keep its deleted backups, and Azure refuses to delete it until they are gone"),
        _IMMUTABLE,
    ),
    "azurerm_key_vault": _PURGED,
    "azurerm_key_vault_managed_hardware_security_module": _PURGED,
    # https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources
    "azurerm_management_lock": (
        DestroyRule(
            "lock_level",
            None,
            None,
            "while the lock is there Azure refuses to delete what it covers; give its file to production alone, by `files` in template.yaml",
        ),
    ),
    "azurerm_recovery_services_vault": (_IMMUTABLE,),
    "azurerm_storage_container_immutability_policy": (
        DestroyRule("locked", False, False, "a locked policy can never be removed"),
    ),
    "azurerm_virtual_machine": (
        DestroyRule("delete_os_disk_on_termination", True, False, "its disk would stay"),
        DestroyRule("delete_data_disks_on_termination", True, False, "its disks would stay"),
    ),
}  # fmt: skip
