"""The newest API version, where the official package keeps it."""

from __future__ import annotations

from fdb._startup.api_version import LATEST_API_VERSION

__all__ = ["LATEST_API_VERSION"]
