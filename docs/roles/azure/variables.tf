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

variable "issuer" {
  description = "Who signs the jobs' tokens: github.com, or your GitHub Enterprise Server (https://HOST/_services/token)."
  type        = string
  default     = "https://token.actions.githubusercontent.com"

  validation {
    condition     = can(regex("^https://[^/]+[^ ]*[^/ ]$", var.issuer))
    error_message = "Write an https address without a slash at its end, as in https://github.acme.example/_services/token."
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
