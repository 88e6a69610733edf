output "repository" {
  description = "Where the image goes."
  value       = aws_ecr_repository.image.repository_url
}

output "bucket" {
  description = "For tables, reports, backups and artifacts."
  value       = aws_s3_bucket.data.bucket
}

output "github_role" {
  description = "What aws-actions/configure-aws-credentials assumes."
  value       = aws_iam_role.github.arn
}

output "callers_group" {
  description = "The security group of programs that ask for predictions."
  value       = aws_security_group.callers.id
}

output "predictions" {
  description = "Where they ask."
  value       = "http://serve.${aws_service_discovery_private_dns_namespace.this.name}:8000"
}

output "signals_topic" {
  description = "Publish here, and churnops looks: for monitors of the team's own."
  value       = aws_sns_topic.signals.arn
}

output "network" {
  description = "What `aws ecs run-task --network-configuration` takes, for one-off tasks."
  value       = "awsvpcConfiguration={subnets=[${join(",", aws_subnet.tasks[*].id)}],securityGroups=[${aws_security_group.tasks.id}],assignPublicIp=ENABLED}"
}
