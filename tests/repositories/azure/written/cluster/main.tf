terraform {
  required_providers {
    azurerm    = { source = "hashicorp/azurerm", version = "~> 4.0" }
    kubernetes = { source = "hashicorp/kubernetes", version = "~> 2.30" }
  }
  backend "azurerm" {
    storage_account_name = "acmestate"
    container_name       = "live"
    key                  = "production/cluster/terraform.tfstate"
    use_azuread_auth     = true
  }
}

provider "azurerm" {
  subscription_id = var.subscription_id
  features {}
}

provider "kubernetes" {
  host                   = azurerm_kubernetes_cluster.shop.kube_config[0].host
  cluster_ca_certificate = base64decode(azurerm_kubernetes_cluster.shop.kube_config[0].cluster_ca_certificate)
  exec {
    api_version = "client.authentication.k8s.io/v1beta1"
    command     = "kubelogin"
    args        = ["get-token", "--login", "workloadidentity", "--server-id", var.server_id]
  }
}

variable "subscription_id" {
  type = string
}
variable "server_id" {
  type    = string
  default = "6dae42f8-4368-4678-94ff-3960e28e3630"
}
variable "environment" {
  type = string
}
variable "nodes" {
  type = number
}

resource "azurerm_resource_group" "shop" {
  name     = "rg-${var.environment}"
  location = "westeurope"
}

resource "azurerm_kubernetes_cluster" "shop" {
  name                = "aks-${var.environment}"
  location            = azurerm_resource_group.shop.location
  resource_group_name = azurerm_resource_group.shop.name
  dns_prefix          = var.environment
  default_node_pool {
    name       = "default"
    node_count = var.nodes
    vm_size    = "Standard_D2s_v5"
  }
  identity {
    type = "SystemAssigned"
  }
}

resource "kubernetes_deployment" "shop" {
  metadata {
    name = "shop"
  }
  spec {
    template {
      spec {
        container {
          name  = "shop"
          image = "nginx:1.27"
          liveness_probe {
            http_get {
              path = "/healthz"
              port = 8080
            }
          }
        }
      }
    }
  }
}
