# Nothing here is kept in Terraform's state. churnops reads a parameter itself when it starts (NAME_FILE=ssm:/PATH), so no secret is in a task
# definition, in an environment that others can list, or on a disk.
ephemeral "random_password" "database" {
  length  = 40
  special = false # it stands in a URL
}

resource "aws_ssm_parameter" "database_url" {
  # checkov:skip=CKV_AWS_337:the key of the account (aws/ssm) is free, a key of one's own $1 a month; who may read is held by the roles
  name             = "/${var.name}/database-url"
  type             = "SecureString"
  value_wo         = "postgresql://churnops:${ephemeral.random_password.database.result}@${aws_db_instance.this.address}:5432/churnops?sslmode=require"
  value_wo_version = var.secrets_version
}

# Made empty, filled by a person: aws ssm put-parameter --overwrite --type SecureString --name /NAME/… --value …
resource "aws_ssm_parameter" "by_hand" {
  # checkov:skip=CKV_AWS_337:as above
  for_each         = toset(concat(var.chat ? ["chat-webhook"] : [], var.claude ? ["anthropic-api-key"] : []))
  name             = "/${var.name}/${each.key}"
  type             = "SecureString"
  value_wo         = "not set yet"
  value_wo_version = 1
}
