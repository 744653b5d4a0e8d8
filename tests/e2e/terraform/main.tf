# An image function with an alias and what hangs on it, as its owner would write it. Played against the
# stand-in by test_stand_in.py.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  region = "us-east-1"
  access_key = "AKIATF"
  secret_key = "x"
  skip_credentials_validation = true
  skip_metadata_api_check = true
  skip_requesting_account_id = false
  endpoints {
    lambda = var.endpoint
    ecr = var.endpoint
    sts = var.endpoint
  }
}
resource "aws_ecr_repository" "jobs" {
  name = "tf/jobs"
  image_scanning_configuration { scan_on_push = true }
  tags = { team = "x" }
}
resource "aws_lambda_function" "f" {
  function_name = "tf"
  package_type = "Image"
  image_uri = "123456789012.dkr.ecr.us-east-1.amazonaws.com/jobs:v1"
  role = "arn:aws:iam::123456789012:role/r"
  memory_size = var.memory
  timeout = 30
  publish = true
  image_config { command = ["a", "b"] }
  environment { variables = { MODE = "x" } }
  tags = { team = "x" }
}
variable "memory" { default = 256 }
variable "endpoint" {}
resource "aws_lambda_alias" "live" {
  name = "live"
  function_name = aws_lambda_function.f.function_name
  function_version = aws_lambda_function.f.version
}
resource "aws_lambda_permission" "p" {
  statement_id = "s3"
  action = "lambda:InvokeFunction"
  function_name = aws_lambda_function.f.function_name
  qualifier = aws_lambda_alias.live.name
  principal = "s3.amazonaws.com"
  source_account = "123456789012"
}
resource "aws_lambda_function_url" "u" {
  function_name = aws_lambda_function.f.function_name
  qualifier = aws_lambda_alias.live.name
  authorization_type = "AWS_IAM"
}
resource "aws_lambda_function_event_invoke_config" "e" {
  function_name = aws_lambda_function.f.function_name
  qualifier = aws_lambda_alias.live.name
  maximum_retry_attempts = 1
}
resource "aws_lambda_event_source_mapping" "q" {
  function_name = aws_lambda_alias.live.arn
  event_source_arn = "arn:aws:sqs:us-east-1:123456789012:q"
  batch_size = 5
}
