# The state of the workspace: predictions, outcomes, cases, rulings, the ledger.
resource "aws_db_subnet_group" "this" {
  name       = var.name
  subnet_ids = aws_subnet.data[*].id
}

resource "aws_db_parameter_group" "this" {
  name   = "${var.name}-16"
  family = "postgres16"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  parameter {
    name  = "log_min_duration_statement"
    value = "2000" # milliseconds; statements are logged without the values given to them
  }

  parameter {
    name  = "log_parameter_max_length"
    value = "0"
  }

  parameter {
    name  = "log_parameter_max_length_on_error"
    value = "0"
  }
}

resource "aws_db_instance" "this" {
  # checkov:skip=CKV_AWS_157:a second zone doubles the price; a broken one costs the minutes of a restore from the backup of the last five minutes
  # checkov:skip=CKV_AWS_161:the password is in no state and in one parameter that two roles read; tokens of IAM last 15 minutes, and the watch's pool longer
  # checkov:skip=CKV_AWS_118:enhanced monitoring is billed as logs; the alarms of alarms.tf watch what breaks first
  # checkov:skip=CKV_AWS_353:performance insights are for who tunes queries; turn them on when one is slow
  # checkov:skip=CKV_AWS_354:as above
  # checkov:skip=CKV2_AWS_30:every statement logged would put customers' rows in a log
  # checkov:skip=CKV2_AWS_60:tags are copied, see copy_tags_to_snapshot
  # checkov:skip=CKV2_AWS_69:rds.force_ssl is set in the parameter group above
  identifier                      = var.name
  engine                          = "postgres"
  engine_version                  = "16"
  instance_class                  = "db.t4g.micro"
  allocated_storage               = 20
  max_allocated_storage           = 100
  storage_type                    = "gp3"
  storage_encrypted               = true
  db_name                         = "churnops"
  username                        = "churnops"
  password_wo                     = ephemeral.random_password.database.result
  password_wo_version             = var.secrets_version
  db_subnet_group_name            = aws_db_subnet_group.this.name
  parameter_group_name            = aws_db_parameter_group.this.name
  vpc_security_group_ids          = [aws_security_group.database.id]
  publicly_accessible             = false
  backup_retention_period         = 7
  copy_tags_to_snapshot           = true
  auto_minor_version_upgrade      = true
  deletion_protection             = true
  skip_final_snapshot             = false
  final_snapshot_identifier       = "${var.name}-last"
  enabled_cloudwatch_logs_exports = ["postgresql", "upgrade"]
}
