variable "name" {
  description = "Of this workspace: in front of everything that is made, and in the paths of its parameters."
  type        = string
  default     = "churnops"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,20}$", var.name))
    error_message = "Small letters, digits and dashes, at most 21 of them."
  }
}

variable "region" {
  description = "Where everything lies. The cost table of docs/aws.md is of us-east-1."
  type        = string
  default     = "us-east-1"
}

variable "zones" {
  description = "Two availability zones of the region, by their letters."
  type        = list(string)
  default     = ["a", "b"]
}

variable "image_tag" {
  description = "The image of this tag in the repository runs; a tag is never moved."
  type        = string
}

variable "check_schedule" {
  description = "When `churnops watch --once` runs, as EventBridge Scheduler writes it, in UTC; at least once a day, or the alarm rings."
  type        = string
  default     = "cron(30 6 * * ? *)"
}

variable "alert_email" {
  description = "Hears of every alert; confirms the subscription by a mail from AWS. Empty: nobody does by mail."
  type        = string
  default     = ""
}

variable "chat" {
  description = "Whether alerts go to a chat as well; its webhook is then in the parameter /NAME/chat-webhook."
  type        = bool
  default     = true
}

variable "claude" {
  description = "Whether Claude may work on cases; its key is then in the parameter /NAME/anthropic-api-key."
  type        = bool
  default     = false
}

variable "github_repository" {
  description = "OWNER/NAME of the repository whose workflows push the image; a person rolls it out."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$", var.github_repository))
    error_message = "OWNER/NAME, without a star: any other repository could push an image otherwise."
  }
}

variable "github_environment" {
  description = "The environment of GitHub in which those workflows run; its reviewers are asked first."
  type        = string
  default     = "production"
}

variable "secrets_version" {
  description = "Count up to give the database a new password."
  type        = number
  default     = 1
}
