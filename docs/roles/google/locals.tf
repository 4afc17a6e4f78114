locals {
  # Repositories created since mid-July 2026 have the ids of owner and repository in the subject. With them nobody gets in who makes
  # a repository under your old name after a rename.
  names   = split("/", var.repository)
  subject = var.repository_ids == null ? "repo:${var.repository}" : "repo:${local.names[0]}@${var.repository_ids.owner}/${local.names[1]}@${var.repository_ids.repository}"

  # What the pool lets in at all, before any service account says whom it trusts.
  condition = var.repository_ids == null ? "assertion.repository == '${var.repository}'" : "assertion.repository_owner_id == '${var.repository_ids.owner}' && assertion.repository_id == '${var.repository_ids.repository}'"

  pool = "projects/${var.project_number}/locations/global/workloadIdentityPools/${var.pool}"

  # Only a job in this GitHub environment has the subject, and only the default branch may use that.
  members = { for verb in ["plan", "apply"] : verb => "principal://iam.googleapis.com/${local.pool}/subject/${local.subject}:environment:envclone-${verb}" }

  account = {
    cloud        = "gcp"
    plan_role    = "envclone-plan@${var.project}.iam.gserviceaccount.com"
    apply_role   = "envclone-apply@${var.project}.iam.gserviceaccount.com"
    identity     = { workload_identity_provider = "${local.pool}/providers/github" }
    region       = var.region
    state_bucket = var.state_bucket
  }
}
