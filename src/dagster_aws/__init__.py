"""What Dagwerk keeps on Amazon Web Services."""

from dagster_aws.s3.compute_log_manager import S3ComputeLogManager as S3ComputeLogManager
