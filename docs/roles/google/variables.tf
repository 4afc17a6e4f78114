variable "project" {
  description = "The project's id, which is the account's name in the policy."
  type        = string
}

variable "project_number" {
  description = "The project's number, which workload identity goes by."
  type        = number
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

variable "pool" {
  description = "The id of the workload identity pool, which is made here with one provider for this repository."
  type        = string
  default     = "envclone"
}

variable "state_bucket" {
  description = "The bucket of Terraform's state and of the ledger, as in the policy; versioned, with uniform bucket-level access."
  type        = string
}

variable "plan_roles" {
  description = "Roles with what a plan needs to read; narrower ones than Viewer, if your templates allow."
  type        = list(string)
  default     = ["roles/viewer"]
}

variable "apply_roles" {
  description = "Roles with what an apply needs to manage what your templates consist of."
  type        = list(string)
}
