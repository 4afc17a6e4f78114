# The two identities of one Azure subscription, as docs/oidc.md of envclone describes them. Apply it as an owner
# of the subscription who may register applications, with its values: once for each subscription of the policy. The storage account and
# its container have to be there.
terraform {
  required_version = ">= 1.10.0"

  required_providers {
    azuread = {
      source  = "hashicorp/azuread"
      version = ">= 3.0"
    }
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 4.0"
    }
  }
}

provider "azuread" {
  tenant_id = var.tenant_id
}

provider "azurerm" {
  subscription_id = var.subscription_id
  tenant_id       = var.tenant_id

  features {}
}

resource "azuread_application" "envclone" {
  for_each = local.subjects

  display_name = "envclone-${each.key} of ${var.name}"
}

resource "azuread_service_principal" "envclone" {
  for_each = local.subjects

  client_id = azuread_application.envclone[each.key].client_id
}

resource "azuread_application_federated_identity_credential" "github" {
  for_each = local.subjects

  application_id = azuread_application.envclone[each.key].id
  display_name   = "github"
  audiences      = ["api://AzureADTokenExchange"]
  issuer         = var.issuer
  subject        = each.value
}

resource "azurerm_role_assignment" "plan" {
  for_each = toset(var.plan_roles)

  scope                = local.subscription
  role_definition_name = each.key
  principal_id         = azuread_service_principal.envclone["plan"].object_id
}

resource "azurerm_role_assignment" "apply" {
  # After a destroy, it searches for what still has the environment's tag.
  for_each = toset(concat(["Reader"], var.apply_roles))

  scope                = local.subscription
  role_definition_name = each.key
  principal_id         = azuread_service_principal.envclone["apply"].object_id
}

# A plan reads the state and writes reviews beside it; it never writes the state or its lock.
resource "azurerm_role_assignment" "plan_state" {
  scope                = local.container
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = azuread_service_principal.envclone["plan"].object_id
  condition            = local.only_on_reviews
  condition_version    = "2.0"
}

# Whoever may delete a blob may delete its older versions too: soft delete of the storage account keeps them.
resource "azurerm_role_assignment" "apply_state" {
  scope                = local.container
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = azuread_service_principal.envclone["apply"].object_id
}
