# Who may do what: the agent that starts tasks, the task that serves, the task that checks.
data "aws_iam_policy_document" "for_tasks" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }
}

resource "aws_iam_role" "start" {
  name               = "${var.name}-start"
  assume_role_policy = data.aws_iam_policy_document.for_tasks.json
}

data "aws_iam_policy_document" "start" {
  # checkov:skip=CKV_AWS_356:ecr:GetAuthorizationToken takes no resource
  statement {
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = [aws_ecr_repository.image.arn]
  }

  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
  }

  dynamic "statement" {
    for_each = var.claude ? [aws_ssm_parameter.by_hand["anthropic-api-key"].arn] : []

    content {
      actions   = ["ssm:GetParameters"]
      resources = [statement.value]
    }
  }
}

resource "aws_iam_role_policy" "start" {
  role   = aws_iam_role.start.id
  policy = data.aws_iam_policy_document.start.json
}

# What both tasks need. No task may delete from the bucket.
data "aws_iam_policy_document" "workspace" {
  statement {
    actions   = ["ssm:GetParameter"]
    resources = [aws_ssm_parameter.database_url.arn]
  }

  statement {
    actions   = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
    resources = [aws_efs_file_system.workspace.arn]

    condition {
      test     = "StringEquals"
      variable = "elasticfilesystem:AccessPointArn"
      values   = [aws_efs_access_point.workspace.arn]
    }
  }

  statement {
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.data.arn]
  }

  statement {
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.data.arn}/*"]
  }
}

resource "aws_iam_role" "serve" {
  name               = "${var.name}-serve"
  assume_role_policy = data.aws_iam_policy_document.for_tasks.json
}

data "aws_iam_policy_document" "serve" {
  # checkov:skip=CKV_AWS_356:these four take no resource
  source_policy_documents = [data.aws_iam_policy_document.workspace.json]

  statement { # the tunnel through which people reach the review page
    actions = [
      "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
    ]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "serve" {
  role   = aws_iam_role.serve.id
  policy = data.aws_iam_policy_document.serve.json
}

resource "aws_iam_role" "check" {
  name               = "${var.name}-check"
  assume_role_policy = data.aws_iam_policy_document.for_tasks.json
}

data "aws_iam_policy_document" "check" {
  source_policy_documents = [data.aws_iam_policy_document.workspace.json]

  statement {
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alerts.arn]
  }
}

resource "aws_iam_role_policy" "check" {
  role   = aws_iam_role.check.id
  policy = data.aws_iam_policy_document.check.json
}
