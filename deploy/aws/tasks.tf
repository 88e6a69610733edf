# Two tasks from one image: one stays and answers, the other checks and ends.
resource "aws_ecs_cluster" "this" {
  # checkov:skip=CKV_AWS_65:container insights are billed by the metric; alarms.tf watches the service's own
  # checkov:skip=CKV_AWS_223:the log of a session would hold the token; who opened one is in CloudTrail
  name = var.name

  configuration {
    execute_command_configuration {
      logging = "NONE" # a token of MCP is made in a session, and shown there once
    }
  }
}

locals {
  image = "${aws_ecr_repository.image.repository_url}:${var.image_tag}"

  # As deploy/compose.yaml has it: no rights, a root that is only read, the workspace and /tmp to write to.
  container = {
    image                  = local.image
    essential              = true
    user                   = "10001:10001"
    readonlyRootFilesystem = true
    linuxParameters        = { initProcessEnabled = true, capabilities = { drop = ["ALL"] } }
    stopTimeout            = 40 # requests under way get 30 s
    mountPoints = [
      { sourceVolume = "workspace", containerPath = "/workspace" },
      { sourceVolume = "tmp", containerPath = "/tmp" },
    ]
    environment = [
      { name = "CHURNOPS_DATABASE_URL_FILE", value = "ssm:${aws_ssm_parameter.database_url.name}" },
      # Where your log lies in a database, as its URL has no place in churnops.toml. Make the parameter by hand, and let roles.tf's `workspace` read it:
      # { name = "CHURNOPS_PREDICTIONS_URL_FILE", value = "ssm:/${var.name}/log-url" },
      { name = "CHURNOPS_ALERTS__DESTINATIONS", value = jsonencode([aws_sns_topic.alerts.arn]) },
      { name = "AWS_DEFAULT_REGION", value = var.region },
    ]
    secrets = var.claude ? [{ name = "ANTHROPIC_API_KEY", valueFrom = aws_ssm_parameter.by_hand["anthropic-api-key"].arn }] : []
    logConfiguration = {
      logDriver = "awslogs"
      options   = { awslogs-group = aws_cloudwatch_log_group.this.name, awslogs-region = var.region, awslogs-stream-prefix = "task" }
    }
  }
}

resource "aws_ecs_task_definition" "serve" {
  family                   = "${var.name}-serve"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 1024
  execution_role_arn       = aws_iam_role.start.arn
  task_role_arn            = aws_iam_role.serve.arn

  runtime_platform {
    cpu_architecture        = "ARM64"
    operating_system_family = "LINUX"
  }

  volume {
    name = "workspace"

    efs_volume_configuration {
      file_system_id     = aws_efs_file_system.workspace.id
      transit_encryption = "ENABLED"

      authorization_config {
        access_point_id = aws_efs_access_point.workspace.id
        iam             = "ENABLED"
      }
    }
  }

  volume {
    name = "tmp"
  }

  # What the tunnel's agent writes, where the root is only read.
  volume {
    name = "tunnel-state"
  }

  volume {
    name = "tunnel-log"
  }

  container_definitions = jsonencode([
    merge(local.container, {
      name         = "serve"
      command      = ["--log-json", "serve", "--host", "0.0.0.0", "--allow-remote"]
      portMappings = [{ containerPort = 8000, protocol = "tcp" }]
      mountPoints = concat(local.container.mountPoints, [
        { sourceVolume = "tunnel-state", containerPath = "/var/lib/amazon" },
        { sourceVolume = "tunnel-log", containerPath = "/var/log/amazon" },
      ])
      healthCheck = {
        command     = ["CMD", "python3", "-c", "import urllib.request as web; web.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
        interval    = 30
        timeout     = 5
        retries     = 3
        startPeriod = 180
      }
    }),
    # Ends at once where there is no token, and ECS starts again only what ran for five minutes: make one (docs/aws.md), then force a new
    # deployment. Reached through the tunnel, too.
    merge(local.container, {
      name          = "mcp"
      essential     = false
      command       = ["--log-json", "mcp", "--http", "--allow-host", "localhost:8765"]
      restartPolicy = { enabled = true, restartAttemptPeriod = 300 }
    }),
  ])
}

resource "aws_ecs_service" "serve" {
  # checkov:skip=CKV_AWS_333:an address of its own instead of a NAT gateway; no port is open to the world
  name                               = "serve"
  cluster                            = aws_ecs_cluster.this.id
  task_definition                    = aws_ecs_task_definition.serve.arn
  desired_count                      = 1
  launch_type                        = "FARGATE"
  platform_version                   = "LATEST"
  enable_execute_command             = true
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = aws_subnet.tasks[*].id
    security_groups  = [aws_security_group.tasks.id]
    assign_public_ip = true
  }

  service_registries {
    registry_arn = aws_service_discovery_service.serve.arn
  }
}

resource "aws_ecs_task_definition" "check" {
  family                   = "${var.name}-check"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 1024
  memory                   = 4096
  execution_role_arn       = aws_iam_role.start.arn
  task_role_arn            = aws_iam_role.check.arn

  runtime_platform {
    cpu_architecture        = "ARM64"
    operating_system_family = "LINUX"
  }

  volume {
    name = "workspace"

    efs_volume_configuration {
      file_system_id     = aws_efs_file_system.workspace.id
      transit_encryption = "ENABLED"

      authorization_config {
        access_point_id = aws_efs_access_point.workspace.id
        iam             = "ENABLED"
      }
    }
  }

  volume {
    name = "tmp"
  }

  container_definitions = jsonencode([
    merge(local.container, { name = "check", command = ["--log-json", "watch", "--once", "/workspace"] }),
  ])
}

resource "aws_scheduler_schedule_group" "this" {
  name = var.name
}

resource "aws_scheduler_schedule" "check" {
  # checkov:skip=CKV_AWS_297:it holds no secret: the names of a cluster and of a task
  name                = "check"
  group_name          = aws_scheduler_schedule_group.this.name
  schedule_expression = var.check_schedule

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_ecs_cluster.this.arn
    role_arn = aws_iam_role.schedule.arn

    ecs_parameters {
      task_definition_arn = aws_ecs_task_definition.check.arn
      launch_type         = "FARGATE"

      network_configuration {
        subnets          = aws_subnet.tasks[*].id
        security_groups  = [aws_security_group.tasks.id]
        assign_public_ip = true
      }
    }

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 5
    }
  }
}

data "aws_iam_policy_document" "schedule_assumes" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }
}

resource "aws_iam_role" "schedule" {
  name               = "${var.name}-schedule"
  assume_role_policy = data.aws_iam_policy_document.schedule_assumes.json
}

# May start one task, the check; the Lambda of alerts.tf as well.
data "aws_iam_policy_document" "start_check" {
  statement {
    actions   = ["ecs:RunTask"]
    resources = [aws_ecs_task_definition.check.arn]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [aws_ecs_cluster.this.arn]
    }
  }

  statement {
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.start.arn, aws_iam_role.check.arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "schedule" {
  role   = aws_iam_role.schedule.id
  policy = data.aws_iam_policy_document.start_check.json
}
