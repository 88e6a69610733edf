# One small churnops on AWS; docs/aws.md says what it costs, how it is begun, and where it breaks.
terraform {
  required_version = ">= 1.11" # from then on a secret can be written without being kept in the state

  required_providers {
    aws     = { source = "hashicorp/aws", version = "~> 6.0" }
    archive = { source = "hashicorp/archive", version = "~> 2.7" }
    random  = { source = "hashicorp/random", version = "~> 3.7" }
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = { product = "churnops", workspace = var.name }
  }
}

data "aws_caller_identity" "this" {}
