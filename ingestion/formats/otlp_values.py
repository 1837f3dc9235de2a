"""Attribute values of OTLP as plain JSON values."""

from __future__ import annotations

import base64
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue


def plain(value: AnyValue) -> Any:
    """The JSON value that an AnyValue stands for; bytes are base64, and an empty one is null."""
    match value.WhichOneof("value"):
        case "kvlist_value":
            return {one.key: plain(one.value) for one in value.kvlist_value.values}
        case "array_value":
            return [plain(one) for one in value.array_value.values]
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case None:
            return None
        case kind:
            return getattr(value, kind)
