variable "name" {
  description = "The account's name in the policy."
  type        = string
}

variable "subscription_id" {
  description = "The subscription."
  type        = string
}

variable "tenant_id" {
  description = "The tenant of Entra ID that the subscription belongs to."
  type        = string
}

variable "region" {
  description = "The account's region in the policy."
  type        = string
}

variable "repository" {
  description = "The monorepo on GitHub, as OWNER/NAME."
  type        = string

  validation {
    condition     = can(regex("^[\\w.-]+/[\\w.-]+$", var.repository))
    error_message = "Write OWNER/NAME, as in acme/infrastructure."
  }
}

variable "repository_ids" {
  description = "The ids of owner and repository, if Settings → Actions → OIDC shows them in the subject."
  type        = object({ owner = number, repository = number })
  default     = null
}

variable "state" {
  description = "Where Terraform's state and the ledger lie; the storage account has versions of blobs."
  type        = object({ resource_group_name = string, storage_account_name = string, container_name = string })
}

variable "plan_roles" {
  description = "Roles with what a plan needs to read in the subscription; Reader reads no keys, secrets or data."
  type        = list(string)
  default     = ["Reader"]
}

variable "apply_roles" {
  description = "Roles with what an apply needs to manage what your templates consist of."
  type        = list(string)
}
