"""The environment, read in one place: typed, with clear errors."""

from environs import Env

env = Env()
