"""What Dagwerk keeps on S3."""

from dagster_aws.s3.compute_log_manager import S3ComputeLogManager as S3ComputeLogManager
