# `alerts` is what people hear. `signals` is what makes churnops look: its own silence, and the team's monitors, where they publish to it.
resource "aws_sns_topic" "alerts" {
  # checkov:skip=CKV_AWS_26:alarms of CloudWatch cannot publish to a topic under the key of the account; a key of one's own is $1 a month
  name = "${var.name}-alerts"
}

resource "aws_sns_topic" "signals" {
  # checkov:skip=CKV_AWS_26:as above
  name = "${var.name}-signals"
}

data "aws_iam_policy_document" "publish" {
  for_each = { alerts = aws_sns_topic.alerts.arn, signals = aws_sns_topic.signals.arn }

  statement {
    actions   = ["sns:Publish"]
    resources = [each.value]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }

  statement { # EventBridge publishes under no condition
    actions   = ["sns:Publish"]
    resources = [each.value]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
  }
}

resource "aws_sns_topic_policy" "alerts" {
  arn    = aws_sns_topic.alerts.arn
  policy = data.aws_iam_policy_document.publish["alerts"].json
}

resource "aws_sns_topic_policy" "signals" {
  arn    = aws_sns_topic.signals.arn
  policy = data.aws_iam_policy_document.publish["signals"].json
}

resource "aws_sns_topic_subscription" "email" {
  count     = var.alert_email == "" ? 0 : 1
  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "email"
  endpoint  = var.alert_email
}

data "archive_file" "forward" {
  type        = "zip"
  source_file = "${path.module}/forward/forward.py"
  output_path = "${path.module}/.terraform/forward.zip"
}

resource "aws_lambda_function" "forward" {
  # checkov:skip=CKV_AWS_115:a new account has no more concurrency than AWS wants left unreserved; few messages come
  # checkov:skip=CKV_AWS_117:in the network it would need a way out, which is a NAT gateway; it reads one parameter and starts one task
  # checkov:skip=CKV_AWS_272:its code is the one file beside this one, with its hash in the plan
  # checkov:skip=CKV_AWS_173:its environment holds names alone
  # checkov:skip=CKV_AWS_50:tracing is billed; it does two things and logs them
  function_name    = "${var.name}-forward"
  role             = aws_iam_role.forward.arn
  runtime          = "python3.13"
  architectures    = ["arm64"]
  handler          = "forward.handler"
  filename         = data.archive_file.forward.output_path
  source_code_hash = data.archive_file.forward.output_base64sha256
  timeout          = 30
  memory_size      = 128

  environment {
    variables = {
      SIGNALS_TOPIC   = aws_sns_topic.signals.arn
      CHAT_PARAMETER  = var.chat ? aws_ssm_parameter.by_hand["chat-webhook"].name : ""
      CLUSTER         = aws_ecs_cluster.this.arn
      TASK_DEFINITION = aws_ecs_task_definition.check.arn
      SUBNETS         = join(",", aws_subnet.tasks[*].id)
      SECURITY_GROUP  = aws_security_group.tasks.id
    }
  }

  dead_letter_config {
    target_arn = aws_sqs_queue.not_forwarded.arn
  }
}

resource "aws_sqs_queue" "not_forwarded" {
  name                      = "${var.name}-not-forwarded"
  sqs_managed_sse_enabled   = true
  message_retention_seconds = 1209600 # 14 days
}

resource "aws_lambda_permission" "forward" {
  for_each      = { alerts = aws_sns_topic.alerts.arn, signals = aws_sns_topic.signals.arn }
  statement_id  = each.key
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.forward.function_name
  principal     = "sns.amazonaws.com"
  source_arn    = each.value
}

resource "aws_sns_topic_subscription" "forward" {
  for_each  = { alerts = aws_sns_topic.alerts.arn, signals = aws_sns_topic.signals.arn }
  topic_arn = each.value
  protocol  = "lambda"
  endpoint  = aws_lambda_function.forward.arn
}

data "aws_iam_policy_document" "forward_assumes" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "forward" {
  name               = "${var.name}-forward"
  assume_role_policy = data.aws_iam_policy_document.forward_assumes.json
}

data "aws_iam_policy_document" "forward" {
  source_policy_documents = [data.aws_iam_policy_document.start_check.json]

  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.forward.arn}:*"]
  }

  statement {
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.not_forwarded.arn]
  }

  dynamic "statement" {
    for_each = var.chat ? [aws_ssm_parameter.by_hand["chat-webhook"].arn] : []

    content {
      actions   = ["ssm:GetParameter"]
      resources = [statement.value]
    }
  }
}

resource "aws_iam_role_policy" "forward" {
  role   = aws_iam_role.forward.id
  policy = data.aws_iam_policy_document.forward.json
}
