"""Secrets in the parameter store of AWS Systems Manager, read by whoever needs them: none stands in an environment or on a disk."""

from functools import cache

from pipeline.errors import SettingsError

SCHEME = "ssm:"
_PATIENCE_SECONDS = 10


@cache  # a secret counts from the start of a process to its end; a watch looks at its settings every few seconds
def parameter(name: str) -> str:
    """What the parameter `name` holds, like /churnops/database-url. Credentials and region come as AWS's own tools find them.

    Raises:
        SettingsError: the extra is missing, there is none of this name, or this role may not read it.
    """
    try:
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.session import get_session
    except ModuleNotFoundError as error:
        raise SettingsError(f"The parameter {name} lies in AWS, which needs a package.", "Install churnops with the extra `s3`.") from error
    patience = Config(connect_timeout=_PATIENCE_SECONDS, read_timeout=_PATIENCE_SECONDS, retries={"mode": "standard"})
    try:
        found = get_session().create_client("ssm", config=patience).get_parameter(Name=name, WithDecryption=True)
    except ClientError as error:
        why = error.response["Error"]["Code"]
        raise SettingsError(
            f"The parameter {name} cannot be read ({why}).", "Look at its name, the region, and the role's rights."
        ) from error
    except BotoCoreError as error:
        why = type(error).__name__
        raise SettingsError(
            f"The parameter {name} cannot be read ({why}).", "Look at AWS_DEFAULT_REGION and at the credentials here."
        ) from error
    return str(found["Parameter"]["Value"]).strip()
