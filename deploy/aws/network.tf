# Tasks have public addresses and no port open to the world: that costs $3.65 a month for the one that stays, a NAT gateway $32.85.
resource "aws_vpc" "this" {
  # checkov:skip=CKV2_AWS_11:flow logs cost more than all that flows here; the security groups below name every way
  cidr_block           = "10.20.0.0/16"
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = { Name = var.name }
}

resource "aws_default_security_group" "closed" {
  vpc_id = aws_vpc.this.id
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
}

resource "aws_subnet" "tasks" {
  count             = 2
  vpc_id            = aws_vpc.this.id
  availability_zone = "${var.region}${var.zones[count.index]}"
  cidr_block        = cidrsubnet(aws_vpc.this.cidr_block, 8, count.index)
  tags              = { Name = "${var.name}-tasks" }
}

# No route leaves these.
resource "aws_subnet" "data" {
  count             = 2
  vpc_id            = aws_vpc.this.id
  availability_zone = "${var.region}${var.zones[count.index]}"
  cidr_block        = cidrsubnet(aws_vpc.this.cidr_block, 8, 10 + count.index)
  tags              = { Name = "${var.name}-data" }
}

resource "aws_route_table" "tasks" {
  vpc_id = aws_vpc.this.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.this.id
  }
}

resource "aws_route_table_association" "tasks" {
  count          = 2
  subnet_id      = aws_subnet.tasks[count.index].id
  route_table_id = aws_route_table.tasks.id
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway" # free
  route_table_ids   = [aws_route_table.tasks.id]
}

resource "aws_security_group" "tasks" {
  name        = "${var.name}-tasks"
  description = "The tasks of churnops"
  vpc_id      = aws_vpc.this.id
}

# Programs of the team that ask for predictions get this group.
resource "aws_security_group" "callers" {
  # checkov:skip=CKV2_AWS_5:it is given to what the team runs beside this
  name        = "${var.name}-callers"
  description = "May ask churnops for predictions"
  vpc_id      = aws_vpc.this.id
}

resource "aws_vpc_security_group_ingress_rule" "predictions" {
  security_group_id            = aws_security_group.tasks.id
  referenced_security_group_id = aws_security_group.callers.id
  description                  = "Predictions"
  ip_protocol                  = "tcp"
  from_port                    = 8000
  to_port                      = 8000
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.tasks.id
  cidr_ipv4         = "0.0.0.0/0"
  description       = "APIs of AWS, and Claude"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "to_data" {
  for_each                     = { database = { port = 5432, group = aws_security_group.database.id }, files = { port = 2049, group = aws_security_group.files.id } }
  security_group_id            = aws_security_group.tasks.id
  referenced_security_group_id = each.value.group
  description                  = each.key
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

resource "aws_security_group" "database" {
  name        = "${var.name}-database"
  description = "PostgreSQL"
  vpc_id      = aws_vpc.this.id
}

resource "aws_vpc_security_group_ingress_rule" "database" {
  security_group_id            = aws_security_group.database.id
  referenced_security_group_id = aws_security_group.tasks.id
  description                  = "From the tasks alone"
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_security_group" "files" {
  name        = "${var.name}-files"
  description = "The folder of the workspace"
  vpc_id      = aws_vpc.this.id
}

resource "aws_vpc_security_group_ingress_rule" "files" {
  security_group_id            = aws_security_group.files.id
  referenced_security_group_id = aws_security_group.tasks.id
  description                  = "From the tasks alone"
  ip_protocol                  = "tcp"
  from_port                    = 2049
  to_port                      = 2049
}

# What calls within the network finds the task by: serve.NAME.internal.
resource "aws_service_discovery_private_dns_namespace" "this" {
  name = "${var.name}.internal"
  vpc  = aws_vpc.this.id
}

resource "aws_service_discovery_service" "serve" {
  name = "serve"

  dns_config {
    namespace_id = aws_service_discovery_private_dns_namespace.this.id

    dns_records {
      type = "A"
      ttl  = 10
    }
  }
}
