# The folder of the workspace, which all tasks share; and a bucket for what comes in and goes out: tables, reports, backups, artifacts.
resource "aws_efs_file_system" "workspace" {
  # checkov:skip=CKV_AWS_184:encrypted with the key of the account, which is free
  creation_token = var.name
  encrypted      = true
}

resource "aws_efs_backup_policy" "workspace" {
  file_system_id = aws_efs_file_system.workspace.id

  backup_policy {
    status = "ENABLED"
  }
}

resource "aws_efs_mount_target" "workspace" {
  count           = 2
  file_system_id  = aws_efs_file_system.workspace.id
  subnet_id       = aws_subnet.data[count.index].id
  security_groups = [aws_security_group.files.id]
}

resource "aws_efs_access_point" "workspace" {
  file_system_id = aws_efs_file_system.workspace.id

  posix_user {
    uid = 10001
    gid = 10001
  }

  root_directory {
    path = "/workspace"

    creation_info {
      owner_uid   = 10001
      owner_gid   = 10001
      permissions = "0700"
    }
  }
}

resource "aws_s3_bucket" "data" {
  # checkov:skip=CKV_AWS_18:access logs are billed and hold no more than CloudTrail has
  # checkov:skip=CKV_AWS_144:a copy in a second region is the team's decision: it moves customers' data there
  # checkov:skip=CKV2_AWS_62:nothing waits for an object; the check reads what is there
  # checkov:skip=CKV_AWS_145:encrypted with the key of S3, which is free
  bucket = "${var.name}-${data.aws_caller_identity.this.account_id}-${var.region}"
}

resource "aws_s3_bucket_public_access_block" "data" {
  bucket                  = aws_s3_bucket.data.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "data" {
  bucket = aws_s3_bucket.data.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "data" {
  bucket = aws_s3_bucket.data.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "data" {
  bucket = aws_s3_bucket.data.id

  rule {
    id     = "what was replaced"
    status = "Enabled"
    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 90
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }
}

data "aws_iam_policy_document" "tls_alone" {
  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.data.arn, "${aws_s3_bucket.data.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "data" {
  bucket = aws_s3_bucket.data.id
  policy = data.aws_iam_policy_document.tls_alone.json
}

resource "aws_ecr_repository" "image" {
  # checkov:skip=CKV_AWS_136:encrypted with AES-256, which is free
  name                 = var.name
  image_tag_mutability = "IMMUTABLE" # a tag that an approval named stays what it was

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_ecr_lifecycle_policy" "image" {
  repository = aws_ecr_repository.image.name

  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "The last five images"
      selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = 5 }
      action       = { type = "expire" }
    }]
  })
}
