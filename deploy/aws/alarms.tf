resource "aws_cloudwatch_log_group" "this" {
  # checkov:skip=CKV_AWS_158:encrypted by CloudWatch; churnops logs no row and no secret (--log-json); see docs/traces.md for what stays a sentence
  # checkov:skip=CKV_AWS_338:the record that is kept for years is the ledger; logs are for who looks after the machine
  name              = "/${var.name}/tasks"
  retention_in_days = 30
}

resource "aws_cloudwatch_log_group" "forward" {
  # checkov:skip=CKV_AWS_158:as above
  # checkov:skip=CKV_AWS_338:as above
  name              = "/aws/lambda/${var.name}-forward"
  retention_in_days = 30
}

# Of a service without a running task there is no figure.
resource "aws_cloudwatch_metric_alarm" "serve_gone" {
  alarm_name          = "${var.name}-serve-gone"
  alarm_description   = "No task answers: see the events of the service `serve` in ECS."
  namespace           = "AWS/ECS"
  metric_name         = "CPUUtilization"
  dimensions          = { ClusterName = aws_ecs_cluster.this.name, ServiceName = aws_ecs_service.serve.name }
  statistic           = "SampleCount"
  period              = 300
  evaluation_periods  = 2
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
}

resource "aws_cloudwatch_metric_alarm" "database_full" {
  alarm_name          = "${var.name}-database-full"
  alarm_description   = "Less than 2 GB are left to the database: see [retention], or give it more."
  namespace           = "AWS/RDS"
  metric_name         = "FreeStorageSpace"
  dimensions          = { DBInstanceIdentifier = aws_db_instance.this.identifier }
  statistic           = "Minimum"
  period              = 900
  evaluation_periods  = 1
  comparison_operator = "LessThanThreshold"
  threshold           = 2000000000
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
}

resource "aws_cloudwatch_metric_alarm" "not_forwarded" {
  alarm_name          = "${var.name}-not-forwarded"
  alarm_description   = "An alert did not reach the chat, or a check could not be started: its message lies in the queue."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.not_forwarded.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# A watch that is dead tells nobody. This alarm starts a check, and says so.
resource "aws_cloudwatch_metric_alarm" "not_scheduled" {
  alarm_name          = "${var.name}-not-scheduled"
  alarm_description   = "For a day nothing started the check. One was started now; none follows until the schedule works."
  namespace           = "AWS/Scheduler"
  metric_name         = "InvocationAttemptCount"
  dimensions          = { ScheduleGroup = aws_scheduler_schedule_group.this.name }
  statistic           = "Sum"
  period              = 86400
  evaluation_periods  = 1
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.signals.arn, aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
}

resource "aws_cloudwatch_event_rule" "check_failed" {
  name        = "${var.name}-check-failed"
  description = "A check ended with another code than 0, or could not start."

  event_pattern = jsonencode({
    source        = ["aws.ecs"]
    "detail-type" = ["ECS Task State Change"]
    detail = {
      clusterArn = [aws_ecs_cluster.this.arn]
      group      = ["family:${aws_ecs_task_definition.check.family}"]
      lastStatus = ["STOPPED"]
      "$or" = [
        { containers = { exitCode = [{ "anything-but" = [0] }] } },
        { stopCode = ["TaskFailedToStart"] },
      ]
    }
  })
}

resource "aws_cloudwatch_event_target" "check_failed" {
  rule = aws_cloudwatch_event_rule.check_failed.name
  arn  = aws_sns_topic.alerts.arn

  input_transformer {
    input_paths    = { task = "$.detail.taskArn", why = "$.detail.stoppedReason" }
    input_template = "\"A check of churnops failed (<why>). Its log: stream of task <task>.\""
  }
}
