"""Bytes from Kafka become a raw article: framing and charset understood, nothing of the article read yet."""

from pipelines.decode.message import Decoder, declared_url, decode_message, load_decoder, readable_url

__all__ = ["Decoder", "declared_url", "decode_message", "load_decoder", "readable_url"]
