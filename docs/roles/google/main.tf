# The two identities of one Google Cloud project, as docs/oidc.md of envclone describes them. Apply it as an owner
# of the project, with the values of that project: once for each project of the policy. The state bucket has to be there.
terraform {
  required_version = ">= 1.10.0"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.0"
    }
  }
}

provider "google" {
  project = var.project
  region  = var.region
}

resource "google_project_service" "identity" {
  for_each = toset(["cloudasset.googleapis.com", "iam.googleapis.com", "iamcredentials.googleapis.com", "sts.googleapis.com"])

  service            = each.key
  disable_on_destroy = false
}

resource "google_iam_workload_identity_pool" "github" {
  workload_identity_pool_id = var.pool

  depends_on = [google_project_service.identity]
}

resource "google_iam_workload_identity_pool_provider" "github" {
  workload_identity_pool_id          = google_iam_workload_identity_pool.github.workload_identity_pool_id
  workload_identity_pool_provider_id = "github"
  attribute_mapping                  = { "google.subject" = "assertion.sub" }
  attribute_condition                = local.condition

  oidc {
    issuer_uri = var.issuer
  }
}

resource "google_service_account" "envclone" {
  for_each = local.members

  account_id  = "envclone-${each.key}"
  description = each.key == "plan" ? "Reads what environments consist of, and writes reviews beside the state." : "Manages what environments consist of."

  depends_on = [google_project_service.identity]
}

resource "google_service_account_iam_member" "trust" {
  for_each = local.members

  service_account_id = google_service_account.envclone[each.key].name
  role               = "roles/iam.workloadIdentityUser"
  member             = each.value
}

resource "google_project_iam_member" "plan" {
  for_each = toset(var.plan_roles)

  project = var.project
  role    = each.key
  member  = google_service_account.envclone["plan"].member
}

resource "google_project_iam_member" "apply" {
  # After a destroy, it searches for what still has the environment's label.
  for_each = toset(concat(["roles/cloudasset.viewer"], var.apply_roles))

  project = var.project
  role    = each.key
  member  = google_service_account.envclone["apply"].member
}

resource "google_storage_bucket_iam_member" "read_state" {
  bucket = var.state_bucket
  role   = "roles/storage.objectViewer"
  member = google_service_account.envclone["plan"].member
}

# A plan never writes the state or its lock.
resource "google_storage_bucket_iam_member" "write_reviews" {
  bucket = var.state_bucket
  role   = "roles/storage.objectUser"
  member = google_service_account.envclone["plan"].member

  condition {
    title      = "reviews"
    expression = "resource.name.startsWith('projects/_/buckets/${var.state_bucket}/objects/reviews/')"
  }
}

# Whoever may delete an object may delete its older versions too: soft delete or a retention policy of the bucket keeps them.
resource "google_storage_bucket_iam_member" "write_state" {
  bucket = var.state_bucket
  role   = "roles/storage.objectUser"
  member = google_service_account.envclone["apply"].member
}
