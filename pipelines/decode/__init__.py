"""Bytes from Kafka become a raw article: its framing and charset are resolved, the article itself is not read yet."""

from pipelines.decode.message import Decoder, declared_url, decode_message, load_decoder, readable_url

__all__ = ["Decoder", "declared_url", "decode_message", "load_decoder", "readable_url"]
