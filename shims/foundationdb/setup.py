"""Gives the distribution a version: that of the official package it stands in for, and a mark of its own.

FOUNDATIONDB_VERSION chooses another one, for a package that accepts only older releases.
"""

import os

from setuptools import setup

setup(version=os.environ.get("FOUNDATIONDB_VERSION", "7.4.8") + "+cffi")
