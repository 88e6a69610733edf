"""A topic of Amazon SNS as a destination: whoever subscribed to it hears the message, chats and pagers by what AWS offers for them."""

import re
from collections.abc import Mapping

_ARN = re.compile(r"arn:aws[a-z-]*:sns:([a-z0-9-]+):\d{12}:[A-Za-z0-9_-]{1,256}")
_SUBJECT = 100  # characters that SNS takes, of ASCII
_PATIENCE_SECONDS = 10


class NotPublished(Exception):
    """SNS did not take a message."""


def publish(topic: str, title: str, body: str, attributes: Mapping[str, str]) -> None:
    """Publish to the topic of this ARN, with the role or the keys that AWS's own tools would find here.

    Args:
        attributes: texts beside the message, by which subscriptions filter.

    Raises:
        NotPublished: it is no ARN of a topic, the extra is missing, or SNS refused it.
    """
    found = _ARN.fullmatch(topic)
    if found is None:
        raise NotPublished("it is no ARN of an SNS topic")
    try:
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError
        from botocore.session import get_session
    except ModuleNotFoundError:
        raise NotPublished("SNS needs a package; install churnops with the extra `s3`") from None
    patience = Config(connect_timeout=_PATIENCE_SECONDS, read_timeout=_PATIENCE_SECONDS, retries={"mode": "standard"})
    subject = title.encode("ascii", "replace").decode()
    try:
        get_session().create_client("sns", region_name=found[1], config=patience).publish(
            TopicArn=topic,
            Subject=subject if len(subject) <= _SUBJECT else f"{subject[: _SUBJECT - 3]}...",
            Message=body if subject == title else f"{title}\n{body}",
            MessageAttributes={name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
        )
    except ClientError as error:
        raise NotPublished(f"SNS refused it ({error.response['Error']['Code']})") from error
    except (BotoCoreError, ResponseParserError, ValueError) as error:  # a proxy that answers with a page, an endpoint that is none
        raise NotPublished(f"SNS does not answer ({type(error).__name__})") from error
