locals {
  # Repositories created since mid-July 2026 have the ids of owner and repository in the subject. With them nobody gets in who makes
  # a repository under your old name after a rename.
  names   = split("/", var.repository)
  subject = var.repository_ids == null ? "repo:${var.repository}" : "repo:${local.names[0]}@${var.repository_ids.owner}/${local.names[1]}@${var.repository_ids.repository}"

  # Only a job in this GitHub environment has the subject, and only the default branch may use that.
  subjects = { for verb in ["plan", "apply"] : verb => "${local.subject}:environment:envclone-${verb}" }

  subscription = "/subscriptions/${var.subscription_id}"
  container    = "${local.subscription}/resourceGroups/${var.state.resource_group_name}/providers/Microsoft.Storage/storageAccounts/${var.state.storage_account_name}/blobServices/default/containers/${var.state.container_name}"

  blobs           = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
  writes          = [for action in ["write", "add/action", "delete", "move/action"] : "!(ActionMatches{'${local.blobs}/${action}'})"]
  only_on_reviews = "((${join(" AND ", local.writes)}) OR (@Resource[${local.blobs}:path] StringLike 'reviews/*'))"

  account = {
    cloud    = "azure"
    id       = var.subscription_id
    identity = { tenant_id = var.tenant_id }
    region   = var.region
    state    = { backend = "azurerm", with = { storage_account_name = var.state.storage_account_name, container_name = var.state.container_name } }
  }
}
