variable "account_id" {
  description = "The account; the provider refuses every other."
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

variable "creates_identity_provider" {
  description = "Whether to make the account's identity provider of GitHub; an account has one, for all repositories."
  type        = bool
  default     = true
}

variable "state_bucket" {
  description = "The bucket of Terraform's state and of the ledger, as in the policy; versioned."
  type        = string
}

variable "lock_table" {
  description = "The DynamoDB table in which the `s3` backends lock states (`dynamodb_table`), if they do; `use_lockfile` needs none."
  type        = string
  default     = null
}

variable "plan_policy_arns" {
  description = "Policies with what a plan needs to read; AWS's ReadOnlyAccess would read data, too."
  type        = list(string)
  default     = ["arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"]
}

variable "plan_actions" {
  description = "Describe*, Get* and List* calls of the services in your templates that these lack; none that returns a value."
  type        = list(string)
  default     = []
}

variable "apply_policy_arns" {
  description = "Policies with what an apply needs to manage what your templates consist of."
  type        = list(string)
}

variable "permissions_boundary" {
  description = "A boundary for the role that applies."
  type        = string
  default     = null
}
