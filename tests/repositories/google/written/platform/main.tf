terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.0"
    }
  }
  backend "gcs" {
    bucket = "acme-terraform"
    prefix = "production/platform"
  }
}

provider "google" {
  project = var.project_id
  region  = var.region
}

variable "project_id" {
  type = string
}
variable "region" {
  type    = string
  default = "europe-west3"
}
variable "tier" {
  type = string
}
variable "apis" {
  type    = set(string)
  default = ["run.googleapis.com", "sqladmin.googleapis.com"]
}

resource "google_project_service" "api" {
  for_each = var.apis
  service  = each.value
}

resource "google_compute_disk" "cache" {
  name = "cache"
  zone = "${var.region}-a"
}

resource "google_compute_instance" "cache" {
  name         = "cache"
  machine_type = "e2-small"
  zone         = "${var.region}-a"
  boot_disk {
    source = google_compute_disk.cache.self_link
  }
  network_interface {
    network = "default"
  }
  metadata_startup_script = file("${path.module}/scripts/start.sh")
}

resource "google_sql_database_instance" "shop" {
  database_version    = "POSTGRES_16"
  deletion_protection = var.tier != "db-f1-micro"
  settings {
    tier = var.tier
  }
}
